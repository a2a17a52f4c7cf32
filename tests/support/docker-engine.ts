import { execFileSync, spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';

const startWithinMs = 60_000;

/** Makes sure that a Docker Engine answers; resolves with why there is none. */
export async function prepareDocker(): Promise<string | undefined> {
  if (await answers()) return undefined;
  const how = 'start Docker, or run the tests with DEPLOY_CODE_TEST_SETUP=1 as root on Debian or Ubuntu';
  if (process.env.DEPLOY_CODE_TEST_SETUP !== '1') return `no Docker Engine answers: ${how}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return `no Docker Engine answers, and it can only be installed as root on Debian or Ubuntu: ${how}`;
  install();
  return (await start()) ? undefined : 'the installed Docker Engine does not answer: look at /tmp/dockerd.log';
}

async function answers(): Promise<boolean> {
  return new Docker().ping().then(
    () => true,
    () => false,
  );
}

function install(): void {
  if (existsSync('/usr/sbin/dockerd') || existsSync('/usr/bin/dockerd')) return;
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env: environment });
  execFileSync(
    'apt-get',
    ['install', '-y', '-qq', '-o', 'DPkg::Lock::Timeout=300', '--no-install-recommends', 'docker.io', 'iptables'],
    { stdio: ['ignore', 'ignore', 'inherit'], env: environment },
  );
}

async function start(): Promise<boolean> {
  if (await answers()) return true;
  const log = openSync('/tmp/dockerd.log', 'a');
  spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] }).unref();
  for (const deadline = Date.now() + startWithinMs; Date.now() < deadline; await sleep(200))
    if (await answers()) return true;
  return false;
}
