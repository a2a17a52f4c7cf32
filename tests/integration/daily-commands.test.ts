import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cli } from '../support/cli';
import { docker, wipe } from '../support/docker-world';
import { eventually } from '../support/eventually';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName, writeStack } from '../support/stack';
import { until } from '../support/until';
import { openWay, ways, type OpenWay, type Way } from '../support/ways';
import { WorkerProcess } from '../support/worker-process';

describeWith('docker', 'commands of every day on Docker', () => {
  describe.each(ways)('%s', commandsOfEveryDay);
});

function commandsOfEveryDay(way: Way): void {
  const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-exec-'));
  const worker = new WorkerProcess('daily-commands', dataDir);
  const name = uniqueName('exec');
  const environment: Record<string, string> = {};
  let open: OpenWay;
  let file: string;
  beforeAll(async () => {
    await worker.start();
    open = await openWay(way, 'daily-commands');
    Object.assign(environment, open.environment);
    file = writeStack({
      name,
      environment: 'test',
      services: {
        app: { image: images.app, command: ['sh', '-c', 'echo first; sleep 1000'], stop_grace_period: '1s' },
        other: {
          image: images.app,
          command: ['sh', '-c', 'echo second; sleep 1000'],
          replicas: 2,
          stop_grace_period: '1s',
        },
      },
    });
    expect(await cli(['deploy', '-c', file], { environment })).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await wipe(name);
    await open.close();
    await worker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('shows log lines with short aligned names, of a time range, with their times and in colour', async () => {
    const logs = async (words: string[], more: Record<string, string> = {}) =>
      (await cli(['logs', '-c', file, ...words], { environment: { ...environment, NO_COLOR: '1', ...more } })).stdout;
    expect(await logs([])).toBe('app-1   | first\nother-1 | second\nother-2 | second\n');
    expect(await logs(['-t', '-n', '1', 'app'])).toMatch(/^app-1 \| \d{4}-\d\d-\d\dT[\d:.]+Z first\n$/);
    expect(await logs(['--since', '1h', 'app'])).toBe('app-1 | first\n');
    expect(await logs(['--until', '1h', '-f'])).toBe('');
    const coloured = await logs([], { NO_COLOR: '', FORCE_COLOR: '1' });
    expect(coloured).toContain('\u001b[36mapp-1   |\u001b[39m first');
    expect(coloured).toContain('\u001b[33mother-1 |\u001b[39m second');
    expect(await cli(['logs', '-c', file, '--since', 'nope'], { environment })).toMatchObject({ code: 2 });
    expect(await cli(['logs', '-c', file, '1', '-t'], { environment })).toMatchObject({ code: 2 });
  });

  it('counts the instances that run against those that are wanted, at once', async () => {
    const status = async (...words: string[]) => (await cli(['status', '-c', file, ...words], { environment })).stdout;
    expect(await status()).toMatch(/other +2\/2 +-/);
    await docker.getContainer(`${name}-test-other-2-d1`).remove({ force: true });
    expect(await status()).toMatch(/other +1\/2 +degraded/);
    await docker.getContainer(`${name}-test-other-1-d1`).remove({ force: true });
    expect(await status()).toMatch(/other +0\/2 +down/);
    let live = '';
    await cli(['status', '-c', file, '--watch'], {
      environment,
      onOutput: (text, kill) => {
        live = text;
        if (text.includes('RUN')) kill('SIGINT');
      },
    });
    expect(live).toMatch(/other +0\/2 +down/);
    expect(await cli(['repair', '-c', file], { environment })).toMatchObject({ code: 0 });
    expect(await status()).toMatch(/other +2\/2 +-/);
  });

  it('says what a deployment waits for, since when, and the error of the registry', async () => {
    const waiting = writeStack({
      name,
      environment: 'test',
      services: { app: { image: 'localhost:1/none:1', stop_grace_period: '1s' } },
    });
    const run = (...words: string[]) => cli([...words, '-c', waiting], { environment });
    await run('deploy', '-d', '--reason', 'SHOP-812');
    const waits = /waits since \d{4}-\d\d-\d\d \d\d:\d\d: pull localhost:1\/none:1\n {2}Docker: .*connection refused/;
    await eventually(async () => expect((await run('status')).stdout).toMatch(waits));
    const number = /deployment (\d+) waits/.exec((await run('status')).stdout)![1]!;
    expect((await run('status', number)).stdout).toMatch(waits);
    await run('deploy', '-d', '--reason', 'after that');
    const { author } = open;
    await eventually(async () => {
      const { stdout } = await run('history');
      expect(stdout).toMatch(new RegExp(`^\\d+ +delayed .* ${author} +deploy: SHOP-812$`, 'm'));
      expect(stdout).toMatch(new RegExp(`^- +queued .* ${author} +deploy: after that$`, 'm'));
    });
    const [queued] = JSON.parse((await run('history', '--json')).stdout) as [{ workflowId: string }];
    expect(queued).toMatchObject({ status: 'queued', asked: { by: author, intent: 'deploy', reason: 'after that' } });
    expect(await run('cancel', queued.workflowId)).toMatchObject({ code: 0 });
    await run('cancel', number);
    expect((await run('status', number, '--watch')).code).toBe(4);
  });

  it('mentions a deployment that failed after the current release, until one succeeds', async () => {
    const change = (more: object) =>
      writeStack({
        name,
        environment: 'test',
        services: { app: { image: images.app, stop_grace_period: '1s', ...more } },
      });
    const run = (of: string, ...words: string[]) => cli([...words, '-c', of], { environment });
    expect((await run(file, 'status')).stdout).not.toContain('failed');
    const broken = change({ environment: { CRASH: '7' } });
    expect(await run(broken, 'deploy', '--reason', 'SHOP-813')).toMatchObject({ code: 1 });
    const { author } = open;
    await eventually(async () =>
      expect((await run(broken, 'status')).stdout).toMatch(
        new RegExp(
          `^deployment (\\d+) \\(deploy by ${author}, just now\\) failed and was rolled back: ` +
            `app-1 (exited 7|crashed \\(exit code 7\\)).*; more: deploy-code status \\1 -c `,
          'm',
        ),
      ),
    );
    const { failed } = JSON.parse((await run(broken, 'status', '--json')).stdout) as { failed: object };
    expect(failed).toMatchObject({
      outcome: 'rolled_back',
      requestedBy: author,
      reason: 'SHOP-813',
      endedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      cause: { service: 'app', message: expect.stringMatching(/exited 7|crashed \(exit code 7\)/) as string },
    });
    expect(await run(file, 'deploy')).toMatchObject({ code: 0 });
    expect((await run(file, 'status')).stdout).not.toContain('failed');
    expect(JSON.parse((await run(file, 'status', '--json')).stdout)).not.toHaveProperty('failed');
  });

  it('says that a service has died, and which job the rollback waits for', async () => {
    const dying = uniqueName('dying');
    const idle = { image: images.app, command: ['sleep', '1000'], restart: 'no', stop_grace_period: '1s' };
    const services = { db: idle, migrate: { ...idle, kind: 'job', depends_on: { db: 'started' } } };
    const of = writeStack({ name: dying, environment: 'test', services });
    const run = (...words: string[]) => cli([...words, '-c', of], { environment });
    const container = (short: string) => docker.getContainer(`${dying}-test-${short}-1-d1`);
    await run('deploy', '-d');
    await eventually(async () => expect((await container('migrate').inspect()).State.Running).toBe(true));
    await container('db').kill();
    await eventually(async () =>
      expect((await run('status')).stdout).toMatch(
        /deployment 1 waits\nfailed: db-1 exited 137 .*\nwaits until migrate has finished.*\n.*cancel 1 --kill-jobs/,
      ),
    );
    expect((await container('migrate').inspect()).State.Running).toBe(true);
    await run('cancel', '1', '--kill-jobs');
    const { code, stdout } = await run('status', '1', '--watch');
    expect(code).toBe(1);
    expect(stdout).toMatch(/note {2}the deployment has failed \(db-1 exited 137.*waits until migrate has finished/);
    expect(stdout).toMatch(/FAILED, rolled back.*\n +cause +watch db: db-1 exited 137/);
    await wipe(dying);
  });

  it('gives the command the keys and the size of the terminal, and exits with its code', async () => {
    const exec = `${process.execPath} ${resolve('bin/deploy-code')} exec -it -c ${file} app sh`;
    const terminal = spawn('script', ['-qec', `stty cols 111 rows 33; ${exec}`, '/dev/null'], {
      env: { ...process.env, ...environment },
    });
    let shown = '';
    terminal.stdout.on('data', (text: Buffer) => void (shown += text.toString()));
    const ended = new Promise((done) => terminal.once('close', done));
    await until(() => shown.includes(' # '));
    terminal.stdin.write('/bin/busybox stty size\n');
    await until(() => shown.includes('33 111'));
    const interrupt = '\u0003';
    terminal.stdin.write('sleep 1000\n');
    await until(() => shown.includes('sleep 1000'));
    terminal.stdin.write(interrupt);
    await until(() => shown.includes('^C'));
    terminal.stdin.write('exit 9\n');
    expect(await ended).toBe(9);
  });
}
