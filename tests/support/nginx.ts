import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadPackage } from './debian-package';

/** A folder with an `nginx` that runs on this machine, to put on a PATH; else why there is none. */
export function findNginx(): { folder: string } | { missing: string } {
  const installed = spawnSync('sh', ['-c', 'command -v nginx'], { encoding: 'utf8' }).stdout.trim();
  if (installed) return { folder: join(installed, '..') };
  try {
    return { folder: fromImage('nginx:1.28') };
  } catch {
    return { missing: 'there is no nginx on PATH' };
  }
}

/** An NGINX with the module for streams, which official images have built in: `nginx:1.22` and a package of Debian. */
export function imageWithStreams(): string {
  const name = 'deploy-code-test/nginx-stream:1';
  if (spawnSync('docker', ['image', 'inspect', name]).status === 0) return name;
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-stream-'));
  downloadPackage('libnginx-mod-stream', folder);
  execFileSync('sh', ['-c', 'dpkg-deb -x libnginx-mod-stream*.deb files'], { cwd: folder });
  const docker = (...words: string[]) => execFileSync('docker', words, { encoding: 'utf8' }).trim();
  const container = docker('create', 'nginx:1.22');
  try {
    docker('cp', join(folder, 'files/usr/lib/nginx'), `${container}:/usr/lib/`);
    docker('commit', container, name);
  } finally {
    docker('rm', container);
  }
  return name;
}

/** The program of an image, with the libraries it came with. */
function fromImage(image: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-nginx-'));
  const container = execFileSync('docker', ['create', image], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
  try {
    execFileSync('docker', ['cp', `${container}:/usr/sbin/nginx`, join(folder, 'nginx.program')]);
    execFileSync('sh', [
      '-c',
      `docker cp ${container}:/usr/lib/x86_64-linux-gnu - | tar -x -C ${folder} --wildcards ` +
        `'*/libpcre2-8.so*' '*/libssl.so*' '*/libcrypto.so*' '*/libz.so*' '*/libcrypt.so*'`,
    ]);
  } finally {
    execFileSync('docker', ['rm', container], { stdio: 'ignore' });
  }
  writeFileSync(
    join(folder, 'nginx'),
    `#!/bin/sh\nLD_LIBRARY_PATH=${folder}/x86_64-linux-gnu exec ${folder}/nginx.program "$@"\n`,
  );
  chmodSync(join(folder, 'nginx'), 0o755);
  execFileSync(join(folder, 'nginx'), ['-v'], { stdio: 'ignore' });
  return folder;
}
