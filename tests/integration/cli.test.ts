import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { event, type EventLine } from '../../src/cli/output/event';
import { address } from '../support/engine';
import { cli } from '../support/cli';
import { itInFull } from '../support/exhaustive';
import { uniqueName, writeStack } from '../support/stack';
import { openWay, ways, type OpenWay } from '../support/ways';
import { WorkerProcess } from '../support/worker-process';

describe.each(ways)('the command line, with an engine, %s', (way) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-cli-'));
  const worker = new WorkerProcess('cli', dataDir);
  const files: string[] = [];
  const place: Record<string, string> = {};
  let open: OpenWay;
  beforeAll(async () => {
    await worker.start();
    open = await openWay(way, 'cli');
    Object.assign(place, open.environment);
  });
  afterAll(async () => {
    await Promise.all(files.map((file) => run(['stop', '-c', file])));
    await open.close();
    await worker.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const run = (args: string[], onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void) =>
    cli(args, { environment: place, onOutput });
  const server = (port: number) =>
    `require('http').createServer((_, r) => r.end('ok')).listen(process.env.PORT || ${port})`;
  const stack = (port: number, mode = '${MODE:-working}') => {
    const quoted = server(port).replaceAll('"', '\\"');
    const file = writeStack(`name: ${uniqueName('cli')}
environment: test
infrastructure: {container_runtime: Process}
services:
  app:
    command:
      - node
      - -e
      - "if (process.env.MODE === 'broken') { console.error('broken on purpose'); process.exit(7) } ${quoted}"
    environment: {MODE: "${mode}"}
    ports: ["${port}:80"]
    health_check: {http: ":80/", interval: 1s}
    stop_grace_period: 1s
`);
    files.push(file);
    return file;
  };

  it('deploys, says what it did line by line, and exits 0', async () => {
    const file = stack(28_301);
    const { code, stdout } = await run(['deploy', '-c', file, '--reason', 'TICKET-1']);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /phase 1 {2}\+ app {2}create[^]*ok {4}phase 1 {2}app \d[^]*DONE in \d.*Running: release 1/,
      ),
    });
    expect((await run(['deploy', '-c', file])).stdout).toMatch(/Nothing changed .*Running: release 1/);
    expect((await run(['status', '-c', file])).stdout).toMatch(
      /release 1 {2}by .*just now\nSERVICE.*\napp {6}1\/1 {2}healthy/,
    );
  });

  it('rolls a broken version back, shows why, and exits 1', async () => {
    const file = stack(28_302);
    await run(['deploy', '-c', file]);
    const { code, stdout } = await run(['deploy', '-c', file, '--set', 'MODE=broken']);
    const failed = /FAIL {2}phase 1 {2}app-1 exited 7[^]*FAILED, rolled back in .*Running: release 1\. Exit 1/;
    const shown = new RegExp(`${failed.source}[^]*\\| broken on purpose`);
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringMatching(shown) });
    expect((await run(['logs', '2', 'app', '-c', file])).stdout).toBe('app-1 exited 7\nbroken on purpose\n');
    expect((await run(['history', '-c', file])).stdout).toMatch(/2 +rolled_back[^]*1 +succeeded/);
  });

  it('gives programs events as JSON Lines, with the result as the last', async () => {
    const file = stack(28_303);
    const eventsOf = (stdout: string): EventLine[] =>
      stdout
        .trim()
        .split('\n')
        .map((line) => event.parse(JSON.parse(line)));
    const first = eventsOf((await run(['deploy', '-c', file, '--json'])).stdout);
    const numbers = first.flatMap((each) => ('sequence' in each ? [each.sequence] : []));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(first.map(({ code, ...each }) => `${code} ${'step' in each ? each.step.id : ''}`)).toEqual(
      expect.arrayContaining(['step.started app/start/1', 'step.finished app/start/1']),
    );
    expect(first.at(-1)).toMatchObject({
      code: 'deployment.finished',
      environment: 'test',
      deployment: 1,
      data: { outcome: 'succeeded', release: 1, exitCode: 0 },
    });

    const broken = eventsOf((await run(['deploy', '-c', file, '--set', 'MODE=broken', '--json'])).stdout);
    expect(broken).toContainEqual(
      expect.objectContaining({ code: 'step.failed', step: expect.objectContaining({ id: 'app/start/1' }) as object }),
    );
    expect(broken.at(-1)).toMatchObject({ data: { outcome: 'rolled_back', exitCode: 1 } });
    const shown = eventsOf((await run(['status', '2', '-c', file, '--watch', '--json'])).stdout);
    expect(shown.slice(0, -1)).toEqual(broken.slice(0, -1));
    expect(eventsOf((await run(['status', '2', '-c', file, '--json'])).stdout).map(({ code }) => code)).toEqual([
      'deployment.finished',
    ]);
  });

  it('exits 2 for a request that makes no sense, and changes nothing', async () => {
    const file = stack(28_304);
    expect(await run(['rollback', '-c', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no earlier release to roll back to'),
    });
    expect(await run(['restart', 'app', '-c', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing is deployed'),
    });
    expect(await run(['plan', '-c', file, '--services', 'nope'])).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('there is no service "nope"'),
    });
    expect(await run(['logs', 'nope', '-c', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no service "nope"; available: app'),
    });
    expect(await run(['status', '-c', file, '--namespace', 'nowhere', '--address', address()])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('has no namespace "nowhere"'),
    });
  });

  it('asks about an environment without the variables that a deployment needs', async () => {
    const file = writeStack(
      `name: ${uniqueName('cli')}\nenvironment: test\ninfrastructure: {container_runtime: ` +
        `Process}\nservices:\n  app: {command: ["\${PROGRAM:?use --set PROGRAM=}", "60"], stop_grace_period: 1s}\n`,
    );
    files.push(file);
    expect(await run(['deploy', '-c', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('use --set PROGRAM='),
    });
    expect(await run(['deploy', '-c', file, '--set', 'PROGRAM=sleep'])).toMatchObject({ code: 0 });
    expect(await run(['status', '-c', file])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('PROGRAM=sleep'),
    });
    expect(await run(['history', '-c', file])).toMatchObject({ code: 0 });
  });

  it('returns with --detach while the deployment runs', async () => {
    const over = join(dataDir, 'over');
    const file = writeStack(
      `name: ${uniqueName('cli')}\nenvironment: test\ninfrastructure: {container_runtime: Process}\n` +
        `services:\n  job: {kind: job, command: [sh, -c, "until [ -e ${over} ]; do sleep 0.1; done"]}\n`,
    );
    files.push(file);
    expect(await run(['deploy', '-c', file, '--detach'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Detached: deployment 1 continues.'),
    });
    const queue = await run(['queue', '-c', file]);
    writeFileSync(over, '');
    expect(queue.stdout).toMatch(/^\w+ +runs \(1\) +deploy/m);
    expect((await run(['status', '1', '--watch', '-c', file])).code).toBe(0);
  });

  it('detaches on Ctrl-C; the deployment goes on', async () => {
    const file = writeStack(`name: ${uniqueName('cli')}
environment: test
infrastructure: {container_runtime: Process}
services:
  job: {kind: job, command: [sh, -c, "sleep 2"]}
`);
    files.push(file);
    let asked = false;
    const { code, stdout } = await run(['deploy', '-c', file], (text, kill) => {
      if (asked || !text.includes('! job')) return;
      asked = true;
      kill('SIGINT');
    });
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Detached: deployment 1 continues.'),
    });
    expect(await run(['status', '1', '--watch', '-c', file])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('DONE'),
    });
  });

  it('cancels a deployment, which is rolled back, and exits 4', async () => {
    const file = writeStack(`name: ${uniqueName('cli')}
environment: test
infrastructure: {container_runtime: Process}
services:
  app: {command: [sleep, "100"], stop_grace_period: 1s, health_check: {tcp: 1, interval: 30s}}
`);
    files.push(file);
    let asked = false;
    const { code, stdout } = await run(['deploy', '-c', file], (text) => {
      if (asked || !text.includes('+ app')) return;
      asked = true;
      void run(['cancel', '1', '-c', file]);
    });
    expect({ code, stdout }).toMatchObject({
      code: 4,
      stdout: expect.stringMatching(/CANCELLED \(cancelled by .*\), rolled back in/),
    });
  });

  it('changes nothing with --dry-run, and prints the same as plan', async () => {
    const file = stack(28_305);
    const plan = await run(['plan', '-c', file]);
    expect(await run(['deploy', '--dry-run', '-c', file])).toEqual(plan);
    expect(JSON.parse((await run(['status', '--json', '-c', file])).stdout)).toMatchObject({ instances: [] });
  });

  it('runs a command in an instance, and passes its exit code on', async () => {
    const file = stack(28_306);
    await run(['deploy', '-c', file]);
    expect(await run(['exec', '-c', file, 'app', 'sh', '-c', 'echo port $PORT; echo no >&2; exit 3'])).toMatchObject({
      code: 3,
      stdout: 'port 28306\n',
      stderr: 'no\n',
    });
    expect(await run(['exec', '-c', file, 'app', '--', 'echo', '--raw'])).toMatchObject({ stdout: '--raw\n' });
    expect(await run(['exec', '-c', file, 'app'])).toMatchObject({ code: 2 });
    expect(await run(['exec', '-c', file, '-t', 'app', 'sh'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('-t needs a terminal'),
    });
  });

  const passing = async (file: string) => {
    await run(['deploy', '-c', file]);
    return (input: Buffer, ...words: string[]) =>
      cli(['exec', '-c', file, '--raw', 'app', ...words], { environment: place, input });
  };

  it('passes input on to a command', async () => {
    const exec = await passing(stack(28_312));
    expect(await exec(Buffer.from('b\na\n'), 'sort')).toMatchObject({ code: 0, stdout: 'a\nb\n' });
  });

  itInFull('refuses more input and output of a command than it passes on', async () => {
    const exec = await passing(stack(28_314));
    expect(await exec(Buffer.alloc(9_000_000), 'wc', '-c')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('larger than 8 MiB'),
    });
    expect(await exec(Buffer.alloc(0), 'head', '-c', '9000000', '/dev/zero')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('printed more than 8 MiB'),
    });
  });

  it('knows the words of Compose', async () => {
    const file = stack(28_313);
    expect(await run(['config', '-c', file, '-q', '--set', 'MODE=x'])).toMatchObject({ code: 0, stdout: '' });
    expect((await run(['config', '-c', file, '--services'])).stdout).toBe('app\n');
    expect((await run(['config', '-c', file, '--set', 'MODE=x'])).stdout).toContain('MODE: x');
    expect((await run(['up', '-c', file, 'nope'])).code).toBe(2);
    expect(await run(['up', '-c', file, 'app'])).toMatchObject({ code: 0, stdout: expect.stringContaining('DONE') });
    expect((await run(['ps', '-c', file, 'app'])).stdout).toMatch(
      /^INSTANCE .*\napp-1 +running +healthy .*28313->80\n$/,
    );
    expect(await run(['down', '-c', file, '-v'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('down never removes volumes'),
    });
    expect((await run(['ps', '-c', file])).stdout).toContain('running');
    expect((await run(['down', '-c', file])).stdout).toMatch(/STOPPED 1 service in .*; volumes are kept/);
  });

  it('shows who waits, freezes and thaws', async () => {
    const file = stack(28_307);
    expect(await run(['freeze', '-c', file, '--until', 'yesterday'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('write a future time such as'),
    });
    expect((await run(['freeze', '-c', file, '--until', '2h', '--reason', 'stocktaking'])).stdout).toMatch(
      /is frozen until [-\d]+ [:\d]+ by .*: stocktaking; requests wait, --force overrides the freeze/,
    );
    expect((await run(['deploy', '-d', '-c', file, '--reason', 'TICKET-7'])).stdout).toMatch(
      /^queued; frozen until .*stocktaking/,
    );
    const id = /^(\w{8}) +waits +deploy .* TICKET-7$/m.exec((await run(['queue', '-c', file])).stdout)![1]!;
    expect(await run(['deploy', '--reject', '-c', file])).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('queue: another deployment waits; try again when it has finished'),
    });
    expect(await run(['deploy', '--reject', '--supersede', '-c', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('cannot be used with'),
    });
    expect((await run(['queue', 'remove', id, '-c', file])).stdout).toBe(`${id} was removed from the queue\n`);
    expect((await run(['deploy', '--force', '-c', file])).stdout).toMatch(/note {2}begins by force: frozen until/);
    expect((await run(['thaw', '-c', file])).code).toBe(0);
    expect((await run(['queue', '-c', file])).stdout).toBe('no deployment runs or waits\n');
  });

  it('keeps schedules', async () => {
    const file = stack(28_308);
    await run(['deploy', '-c', file]);
    expect(await run(['schedule', 'create', 'nightly', '--cron', 'whenever', '-c', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('write five fields such as 0 3 * * *'),
    });
    expect(
      (await run(['schedule', 'create', 'nightly', '--cron', '0 3 * * *', '--services', 'app', '-c', file])).stdout,
    ).toBe('nightly: restart app, at 0 3 * * * UTC\n');
    const inUtc = { ...place, TZ: 'UTC' };
    expect((await cli(['schedule', 'list', '-c', file], { environment: inUtc })).stdout).toMatch(
      /nightly +restart app +at 0 3 \* \* \* UTC +on +[-\d]+ 03:00 UTC +command/,
    );
    expect((await run(['schedule', 'delete', 'nightly', '-c', file])).stdout).toBe('nightly is deleted\n');
    expect(await run(['schedule', 'describe', 'nightly', '-c', file])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no schedule nightly'),
    });
  });
});
