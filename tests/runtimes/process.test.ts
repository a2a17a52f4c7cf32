import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SecretStore } from '../../src/activities/secrets';
import { createProcessRuntime } from '../../src/runtimes/process';
import type { ProcessState } from '../../src/runtimes/process/instance-folder';
import { readLog, RotatingLog } from '../../src/runtimes/process/rotating-log';
import { contract, endsLateCommands, passesInputOn, followLogs, spec, talkative, testScope } from './contract';
import { until } from '../support/until';

describe('the process runtime', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'deploy-code-processes-'));
  const make = () =>
    createProcessRuntime({
      dataDir,
      secrets: new SecretStore(dataDir),
      supervisor: resolve('dist/runtimes/process/supervisor.js'),
    });
  const driver = make();
  const runtime = driver.within(testScope);
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  const script = (text: string) => ['sh', '-c', text];
  contract(() => ({
    driver,
    running: (name, more) => spec(name, { command: script('exec sleep 300'), ...more }),
    exiting: (name, code) => spec(name, { command: script(`exit ${code}`) }),
    fileAt: (path) => `$DEPLOY_CODE_FILES/${path.slice(path.lastIndexOf('/') + 1)}`,
  }));

  const state = (name: string) =>
    JSON.parse(readFileSync(join(dataDir, 'processes', name, 'state.json'), 'utf8')) as ProcessState;
  const alive = (pid: number) =>
    existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

  const started = async (command: string[], more = {}) => {
    const instance = spec('process', { command, ...more });
    await runtime.create(instance);
    await runtime.start(instance.name);
    return instance;
  };

  it('finds its instances again after the death of whoever started them', async () => {
    const instance = await started(script('exec sleep 300'));
    expect(await make().within(testScope).inspect(instance.name)).toMatchObject({ state: 'running' });
    await make().within(testScope).remove(instance);
  });

  it('stops the whole process group, with grace, then kills it', async () => {
    const instance = await started(
      script('trap "" TERM; sleep 300 & echo $! > "$DEPLOY_CODE_FILES/grandchild"; wait; wait'),
      { stopGraceMs: 200 },
    );
    const file = join(dataDir, 'processes', instance.name, 'files', 'grandchild');
    await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
    const pids = [state(instance.name).child!.pid, Number(readFileSync(file, 'utf8'))];
    expect(pids.map(alive)).toEqual([true, true]);
    await runtime.retire(instance);
    await until(() => !pids.some(alive));
    expect(await runtime.inspect(instance.name)).toMatchObject({ state: 'exited' });
    await runtime.remove(instance);
  });

  describe('whose child has a session of its own, and holds its output', () => {
    const pidIn = async (instance: { name: string }) => {
      const file = join(dataDir, 'processes', instance.name, 'files', 'daemon');
      await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
      return Number(readFileSync(file, 'utf8'));
    };
    const daemon =
      'setsid sh -c \'echo $$ > "$DEPLOY_CODE_FILES/daemon.new"; mv ' +
      '"$DEPLOY_CODE_FILES/daemon.new" "$DEPLOY_CODE_FILES/daemon"; exec sleep 1000\' &';

    it.each([
      ['stops, and ends the child', `${daemon} exec sleep 1000`, {}],
      ['stops where it ignores its signal', `trap "" TERM; ${daemon} while :; do sleep 1; done`, { stopGraceMs: 200 }],
    ])('%s', async (_, command, more) => {
      const instance = await started(script(command), more);
      const pid = await pidIn(instance);
      const begun = Date.now();
      await runtime.retire(instance);
      expect(Date.now() - begun).toBeLessThan(4000);
      expect([alive(pid), (await runtime.inspect(instance.name))?.state]).toEqual([false, 'exited']);
      await runtime.remove(instance);
    });

    it('exits when it exits itself, with its last output and its code', async () => {
      const instance = await started(script(`${daemon} sleep 0.2; echo last words; exit 7`), { restart: 'no' });
      const pid = await pidIn(instance);
      expect(await runtime.waitForExit(instance.name, AbortSignal.timeout(60_000))).toBe(7);
      expect((await runtime.logs(instance.name, { tail: 5 })).lines).toEqual(['last words']);
      expect(alive(pid)).toBe(false);
      await runtime.remove(instance);
    });

    it('exits also where nothing tells the child from a stranger', async () => {
      const instance = await started(script(`setsid env -i PATH="$PATH" sleep 90 & sleep 0.2; exit 7`), {
        restart: 'no',
      });
      expect(await runtime.waitForExit(instance.name, AbortSignal.timeout(60_000))).toBe(7);
      await runtime.remove(instance);
    });

    it('is removed with the child when its supervisor was killed', async () => {
      const instance = await started(script(`${daemon} exec sleep 1000`));
      const pid = await pidIn(instance);
      process.kill(state(instance.name).supervisor!.pid, 'SIGKILL');
      await until(async () => (await runtime.inspect(instance.name))?.state === 'exited');
      expect(alive(pid)).toBe(true);
      await runtime.remove(instance);
      await until(() => !alive(pid));
    });

    it('leaves no child of a command that took too long', async () => {
      const instance = await started(script('exec sleep 1000'));
      const command = runtime
        .exec(instance.name, script(`${daemon} sleep 1000`), 1500)
        .catch((error: Error) => error.message);
      const pid = await pidIn(instance);
      expect(await command).toBe('the command did not end within 1500 ms');
      await until(() => !alive(pid));
      await runtime.remove(instance);
    });
  });

  it('says by which signal a process has ended', async () => {
    const instance = await started(script('kill -SEGV $$'), { restart: 'no' });
    expect(await runtime.waitForExit(instance.name, AbortSignal.timeout(60_000))).toBe(139);
    await runtime.remove(instance);
  });

  it('knows how a process ended that has been started again since', async () => {
    const instance = await started(
      script('test -f "$DEPLOY_CODE_FILES/again" && exec sleep 60; touch "$DEPLOY_CODE_FILES/again"; exit 3'),
      { restart: 'always' },
    );
    await until(async () => (await runtime.inspect(instance.name))?.restarts === 1);
    expect(await runtime.lastExit!(instance.name)).toBe(3);
    await runtime.remove(instance);
  });

  it('restarts what crashes, by its policy', async () => {
    const instance = await started(script('exit 4'), { restart: 'on-failure:2' });
    await until(async () => (await runtime.inspect(instance.name))?.state === 'exited');
    expect(await runtime.inspect(instance.name)).toMatchObject({ exitCode: 4, restarts: 2 });
    await runtime.remove(instance);
  });

  it('leaves no orphan behind when a supervisor is killed', async () => {
    const instance = await started(script('exec sleep 300'));
    const { supervisor, child } = state(instance.name);
    process.kill(supervisor!.pid, 'SIGKILL');
    await until(async () => (await runtime.inspect(instance.name))?.state === 'exited');
    expect(alive(child!.pid)).toBe(true);
    await runtime.remove(instance);
    await until(() => !alive(child!.pid));
  });

  it('says why a program cannot be started', async () => {
    const instance = await started(['/no/such/program'], { restart: 'no' });
    await until(async () => (await runtime.inspect(instance.name))?.state === 'exited');
    expect(await runtime.inspect(instance.name)).toMatchObject({ exitCode: 127 });
    expect((await runtime.logs(instance.name, { tail: 10 })).lines.join()).toContain('/no/such/program');
    await runtime.remove(instance);
  });

  it('gives an instance its port, its files and its secrets, and writes no secret into its spec', async () => {
    const secretFile = join(mkdtempSync(join(tmpdir(), 'deploy-code-process-secret-')), 'secret');
    writeFileSync(secretFile, 'hunter2\n');
    const instance = await started(
      script('echo "port $PORT, key $KEY, config $(cat $DEPLOY_CODE_FILES/app.conf)"; exec sleep 300'),
      {
        ports: [{ container: 8080, host: 34_567, protocol: 'tcp' }],
        files: [{ path: '/app.conf', content: 'hello', mode: 0o444 }],
        secrets: [{ name: 'key', source: { file: secretFile }, target: { environment: 'KEY' } }],
      },
    );
    await until(async () => (await runtime.logs(instance.name, { tail: 1 })).lines.length > 0);
    expect((await runtime.logs(instance.name, { tail: 5 })).lines).toEqual(['port 34567, key hunter2, config hello']);
    expect(readFileSync(join(dataDir, 'processes', instance.name, 'spec.json'), 'utf8')).not.toContain('hunter2');
    await runtime.putSecrets!(instance.name, [
      { name: 'key', source: { file: secretFile }, target: { path: '/run/secrets/key.2', mode: 0o400 } },
    ]);
    expect((await runtime.exec(instance.name, ['sh', '-c', 'cat $DEPLOY_CODE_FILES/key.2'], 5000)).output).toBe(
      'hunter2\n',
    );
    const placed = () => statSync(join(dataDir, 'processes', instance.name, 'files', 'key.2'));
    const before = placed();
    await runtime.putSecrets!(instance.name, [
      { name: 'key', source: { file: secretFile }, target: { path: '/run/secrets/key.2', mode: 0o400 } },
    ]);
    expect(placed().ino).not.toBe(before.ino);
    expect(placed().mode & 0o777).toBe(0o400);
    expect(await runtime.address!(instance.name, 8080)).toEqual({ host: '127.0.0.1', port: 34_567 });
    await runtime.remove(instance);
  });

  it('ends a command that takes too long, with all that it has started', async () => {
    const instance = await started(script('exec sleep 300'));
    await endsLateCommands(runtime, instance.name);
    await runtime.remove(instance);
  });

  it('passes the input of a command on, and refuses a terminal', async () => {
    const instance = await started(script('exec sleep 300'));
    await passesInputOn(runtime, instance.name);
    const terminal = { columns: 80, rows: 24 };
    await expect(
      runtime.openCommand(instance.name, ['cat'], { input: true, terminal, onOutput: () => undefined }),
    ).rejects.toThrow('the runtime process has no terminals: run the command without -t');
    await runtime.remove(instance);
  });

  it('waits for no output of what a command has left running', async () => {
    const instance = await started(script('exec sleep 300'));
    expect(
      await runtime
        .exec(instance.name, ['sh', '-c', 'sleep 60 & echo $!'], 30_000)
        .then(({ output }) => process.kill(Number(output))),
    ).toBe(true);
    await runtime.remove(instance);
  });

  it('loses no line and shows none twice to one who follows its logs', async () => {
    const instance = spec('talkative', { command: talkative });
    await runtime.create(instance);
    await runtime.start(instance.name);
    const lines = await followLogs(runtime, instance.name, 3000);
    expect(lines).toEqual(Array.from({ length: 3000 }, (_, index) => `line ${Math.floor((index + 1) / 1000)}`));
    await runtime.remove(instance);
  });

  it('finds the rest of a log that was rotated in between', () => {
    const file = join(dataDir, 'followed.log');
    const log = new RotatingLog(file, 10, 2);
    log.write(Buffer.from('one\ntwo\n'));
    const first = readLog(file, { tail: 1 });
    log.write(Buffer.from('th'));
    const second = readLog(file, { tail: 1, after: first.cursor });
    log.write(Buffer.from('ree\nfour\n'));
    expect([first.lines, second.lines, readLog(file, { tail: 1, after: second.cursor }).lines]).toEqual([
      ['two'],
      [],
      ['three', 'four'],
    ]);
  });

  it('shows a last line that has no end', () => {
    const file = join(dataDir, 'last-words.log');
    new RotatingLog(file, 100, 2).write(Buffer.from('starting\nno config'));
    expect(readLog(file, { tail: 10 }).lines).toEqual(['starting', 'no config']);
  });

  it('rotates logs', () => {
    const file = join(dataDir, 'rotating.log');
    const log = new RotatingLog(file, 10, 2);
    for (const text of ['first-----', 'second----', 'third-----', 'fourth----']) log.write(Buffer.from(text));
    expect([file, `${file}.1`, `${file}.2`].map((each) => readFileSync(each, 'utf8'))).toEqual([
      'fourth----',
      'third-----',
      'second----',
    ]);
    expect(existsSync(`${file}.3`)).toBe(false);
  });
});
