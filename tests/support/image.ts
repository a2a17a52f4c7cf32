import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { downloadPackage } from './debian-package';

/** The tests' own image: a static busybox and a small app. Nothing is pulled. */
export const images = {
  app: 'deploy-code-test/app:1',
  next: 'deploy-code-test/app:2',
  broken: 'deploy-code-test/app:broken',
};

const applets = [
  'sh',
  'httpd',
  'wget',
  'sleep',
  'cat',
  'ls',
  'echo',
  'kill',
  'mkdir',
  'env',
  'true',
  'false',
  'touch',
  'test',
  'date',
  'nc',
  'stat',
  'id',
];

/**
 * CRASH=code: exit at once. CRASH_AFTER=seconds: exit 1 then. START_DELAY=seconds: serve only then.
 * DEPENDS=urls: each must answer, or exit 1. DATA=folder: appends a line to its file `log`.
 */
const app = `#!/bin/sh
trap 'kill $server 2>/dev/null; exit 0' TERM
if [ -n "$DATA" ]; then echo "$VERSION" >> "$DATA/log"; fi
if [ -n "$CRASH" ]; then echo "told to crash: \${MESSAGE:-no reason}" >&2; exit "$CRASH"; fi
for url in $DEPENDS; do wget -q -O /dev/null "$url" || { echo "dependency not ready: $url" >&2; exit 1; }; done
if [ -n "$START_DELAY" ]; then sleep "$START_DELAY" & wait $!; fi
mkdir -p /www
echo ok > /www/healthz
echo "$VERSION" > /www/version
httpd -f -p "\${PORT:-8080}" -h /www & server=$!
echo "serving version $VERSION"
if [ -n "$CRASH_AFTER" ]; then sleep "$CRASH_AFTER"; echo "told to crash late" >&2; exit 1; fi
wait $server
`;

/** Builds the images unless they are there; resolves with why that is impossible. */
export async function prepareImages(): Promise<string | undefined> {
  const docker = new Docker();
  const present = await Promise.all(
    Object.values(images).map((name) =>
      docker
        .getImage(name)
        .inspect()
        .then(
          () => true,
          () => false,
        ),
    ),
  );
  if (present.every(Boolean)) return undefined;
  const busybox = findBusybox();
  if (!busybox) return 'there is no static busybox to make the test image of: install busybox-static';
  for (const name of Object.values(images)) await build(docker, name, busybox);
  return undefined;
}

/** Builds an image on the tests' own, by further lines of a Dockerfile. */
export async function buildOnApp(name: string, ...lines: string[]): Promise<void> {
  const docker = new Docker();
  const archive = pack();
  archive.entry({ name: 'Dockerfile' }, [`FROM ${images.app}`, ...lines, ''].join('\n'));
  archive.finalize();
  const stream = await docker.buildImage(archive as never, { t: name });
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
  );
}

function findBusybox(): Buffer | undefined {
  const installed = ['/bin/busybox', '/usr/bin/busybox'].find((file) => existsSync(file) && isStatic(file));
  if (installed) return readFileSync(installed);
  const folder = mkdtempSync(join(tmpdir(), 'busybox-'));
  try {
    downloadPackage('busybox-static', folder);
    execFileSync('dpkg', ['-x', readdirSync(folder).find((file) => file.endsWith('.deb'))!, 'deb'], { cwd: folder });
    return readFileSync(['deb/bin/busybox', 'deb/usr/bin/busybox'].map((file) => join(folder, file)).find(existsSync)!);
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isStatic(file: string): boolean {
  return !readFileSync(file).includes('/ld-linux') && !readFileSync(file).includes('/ld-musl');
}

async function build(docker: Docker, name: string, busybox: Buffer): Promise<void> {
  const version = name.split(':')[1]!;
  const archive = pack();
  archive.entry({ name: 'bin/busybox', mode: 0o755 }, busybox);
  for (const applet of applets) archive.entry({ name: `bin/${applet}`, type: 'symlink', linkname: 'busybox' });
  archive.entry({ name: 'bin/app', mode: 0o755 }, app);
  archive.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  archive.entry({ name: 'tmp', type: 'directory', mode: 0o1777 });
  archive.entry({ name: 'data', type: 'directory', mode: 0o777 });
  archive.finalize();
  const imported: unknown = docker.importImage(
    archive as never,
    {
      repo: name.split(':')[0],
      tag: version,
      changes: [
        'ENV PATH=/bin',
        `ENV VERSION=${version}`,
        ...(version === 'broken' ? ['ENV CRASH=1'] : []),
        'EXPOSE 8080',
        'CMD ["/bin/app"]',
      ],
    } as never,
  );
  const stream = await (imported as Promise<NodeJS.ReadableStream>);
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
  );
}
