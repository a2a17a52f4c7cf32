import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cannotHonour } from '../../src/model/capabilities';
import { runtimeTraits } from '../../src/model/runtimes';
import type { InstanceRef, InstanceSpec } from '../../src/model/instance';
import type { OpenCommand, OpenCommandOptions } from '../../src/runtimes/open-command';
import {
  RuntimeError,
  type LogRequest,
  type Runtime,
  type RuntimeDriver,
  type Scope,
} from '../../src/runtimes/runtime';
import { eventually } from '../support/eventually';
import { until } from '../support/until';

export interface ContractSubject {
  driver: RuntimeDriver;
  /** A spec of an instance that keeps running, and of one that exits with a code at once. */
  running: (name: string, more?: Partial<InstanceSpec>) => InstanceSpec;
  exiting: (name: string, code: number) => InstanceSpec;
  /** Where a shell in an instance finds a file of a secret; absent where instances have no files. */
  fileAt?: (path: string) => string;
  /** The full name of a volume; absent where there are none. */
  volumeAt?: (name: string) => string;
}

/** The environment that the suites make instances for. */
export const testScope: Scope = { stack: `contract-${process.pid}`, environment: 'test' };
/** Another environment of the same stack: a stranger. */
export const strangeScope: Scope = { ...testScope, environment: 'elsewhere' };

/** Bytes that no text survives: a NUL, what is no UTF-8, carriage returns, and line ends at the end. */
const awkward = Buffer.from([0, 0xff, 0xfe, 0x0d, 0x0a, 0x80, 0x41, 0x0d, 0x0a, 0x0a]);

let counter = 0;

/** A spec with every default, for a stack of this test run. */
export function spec(name: string, more: Partial<InstanceSpec> = {}): InstanceSpec {
  counter += 1;
  return {
    name: `contract-${process.pid}-${name}-${counter}`,
    stack: `contract-${process.pid}`,
    environment: 'test',
    service: name,
    ordinal: 1,
    deployment: 1,
    release: 1,
    phase: 1,
    kind: 'service',
    variables: {},
    envFiles: [],
    secrets: [],
    files: [],
    ports: [],
    mounts: [],
    networks: [],
    networkMode: 'bridge',
    reserve: {},
    limit: {},
    restart: 'unless-stopped',
    stopGraceMs: 3000,
    init: false,
    tmpfs: [],
    capAdd: [],
    capDrop: [],
    readOnly: false,
    extraHosts: [],
    labels: {},
    hash: 'hash',
    keys: { image: 'x' },
    ...more,
  };
}

const ref = ({ name, service, ordinal, restart, stopGraceMs }: InstanceSpec): InstanceRef => ({
  name,
  service,
  ordinal,
  restart,
  stopGraceMs,
});

/** Logs 3,000 lines, most of them equal, and then goes on running. */
export const talkative = [
  'sh',
  '-c',
  'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "line $((i / 1000))"; done; exec sleep 300',
];

/** Reads page by page until as many lines have come. */
export async function followLogs(runtime: Runtime, name: string, count: number): Promise<string[]> {
  const lines: string[] = [];
  for (let after: string | undefined; lines.length < count; await sleep(20)) {
    const page = await runtime.logs(name, { tail: count, after: after || undefined });
    lines.push(...page.lines);
    after = page.cursor;
  }
  return lines;
}

/** What every runtime keeps. */
export function contract(subject: () => ContractSubject): void {
  const made: InstanceSpec[] = [];
  const runtime = (scope = testScope) => subject().driver.within(scope);
  const ofScope = ({ stack, environment }: InstanceSpec) => runtime({ stack, environment });
  const make = async (instance: InstanceSpec) => {
    made.push(instance);
    await ofScope(instance).create(instance);
    return instance;
  };
  const start = async (instance: InstanceSpec) => {
    await make(instance);
    await ofScope(instance).start(instance.name);
    return instance;
  };
  /** A pod takes its time, and tells of its image only then. */
  const comeUp = async (instance: InstanceSpec) => {
    const options = { signal: AbortSignal.timeout(60_000), judgesRoutes: false, onWaiting: () => undefined };
    expect(await ofScope(instance).workloads?.awaitReady(ref(instance), options)).toBeUndefined();
  };
  const observed = async (name: string) =>
    (await runtime().observe({ images: [], ports: [] })).instances.find((each) => each.name === name);

  afterEach(async () => {
    for (const instance of made.splice(0)) await ofScope(instance).remove(ref(instance));
  });

  it('says what it cannot honour', () => {
    expect(subject().driver.cannotHonour).toEqual(cannotHonour[subject().driver.name]);
  });

  it('has the capabilities that plans rely on', () => {
    const { unit, network, endings } = runtimeTraits[subject().driver.name];
    const own = runtime();
    expect({
      workloads: 'workloads' in own,
      networks: 'networks' in own,
      images: 'images' in own,
      address: 'address' in own,
      endings: 'endedByItself' in own,
    }).toEqual({
      workloads: unit === 'workload',
      networks: network === 'containers',
      images: network === 'containers',
      address: unit === 'instance',
      endings,
    });
  });

  it('makes an instance without starting it, and knows it by its labels', async () => {
    const instance = await make(
      subject().running('made', { ordinal: 2, deployment: 7, release: 3, phase: 4, keys: { a: '1' } }),
    );
    expect(await runtime().inspect(instance.name)).toMatchObject({ state: 'created', hash: 'hash' });
    expect(await observed(instance.name)).toMatchObject({
      service: 'made',
      ordinal: 2,
      deployment: 7,
      release: 3,
      phase: 4,
      keys: { a: '1' },
      restart: 'unless-stopped',
      policy: 'unless-stopped',
      stopGraceMs: 3000,
    });
  });

  it('creates and starts twice as once', async () => {
    const instance = await start(subject().running('twice'));
    await runtime().create(instance);
    await runtime().start(instance.name);
    expect(await runtime().inspect(instance.name)).toMatchObject({ state: 'running', restarts: 0 });
  });

  it('refuses another instance of the same name', async () => {
    const instance = await make(subject().running('name'));
    await expect(runtime().create({ ...instance, hash: 'other' })).rejects.toThrow(RuntimeError);
  });

  it('creates beside its own ghost', async () => {
    const instance = subject().running('ghost');
    made.push(instance);
    await Promise.all([runtime().create(instance), runtime().create(instance), runtime().create(instance)]);
    expect(
      (await runtime().observe({ images: [], ports: [] })).instances.filter(({ name }) => name === instance.name),
    ).toHaveLength(1);
  });

  it('sees an exit with its code, and keeps it', async () => {
    const instance = await start({ ...subject().exiting('exit', 3), restart: 'no' });
    await runtime().waitForExit(instance.name, AbortSignal.timeout(10_000));
    expect(await runtime().inspect(instance.name)).toMatchObject({ state: 'exited', exitCode: 3 });
    expect(await observed(instance.name)).toMatchObject({ state: 'exited', exitCode: 3 });
  });

  it('stops waiting for an exit when it is told to', async () => {
    const instance = await start(subject().running('waits'));
    await Promise.race([
      runtime()
        .waitForExit(instance.name, AbortSignal.timeout(100))
        .catch(() => undefined),
      new Promise((_, reject) => setTimeout(reject, 5000)),
    ]);
    expect(await runtime().inspect(instance.name)).toMatchObject({ state: 'running' });
  });

  it('retires an instance for good, and revives the very same', async () => {
    const instance = await start(subject().running('retired', { restart: 'always' }));
    const { id } = (await observed(instance.name))!;
    await runtime().retire(ref(instance));
    await runtime().retire(ref(instance));
    expect(await observed(instance.name)).toMatchObject({ id, state: 'exited', policy: 'no', restart: 'always' });
    await runtime().revive(ref(instance));
    await runtime().revive(ref(instance));
    expect(await observed(instance.name)).toMatchObject({ id, state: 'running' });
  });

  it('removes what runs, and what is gone already', async () => {
    const instance = await start(subject().running('removed'));
    await runtime().remove(ref(instance));
    await runtime().remove(ref(instance));
    expect(await runtime().inspect(instance.name)).toBeUndefined();
    expect(await observed(instance.name)).toBeUndefined();
  });

  it('retires what is gone already', async () => {
    await runtime().retire(ref(spec('nothing')));
  });

  it('tells instances of other scopes apart', async () => {
    const instance = await make({ ...subject().running('other'), environment: 'elsewhere' });
    expect(await observed(instance.name)).toBeUndefined();
  });

  it('reports what the host has', async () => {
    const { capacity } = await runtime().observe({ images: [], ports: [] });
    expect(capacity.total.cpus).toBeGreaterThan(0);
    expect(capacity.total.memory).toBeGreaterThan(1024 ** 3);
    expect(capacity.host).toMatch(/^\w+:\/\//);
  });

  it('counts what other stacks have reserved', async () => {
    const before = (await runtime().observe({ images: [], ports: [] })).capacity.reservedByOthers.cpus ?? 0;
    await start({ ...subject().running('greedy'), environment: 'elsewhere', reserve: { cpus: 0.5 } });
    expect((await runtime().observe({ images: [], ports: [] })).capacity.reservedByOthers.cpus).toBe(before + 0.5);
  });

  it('puts no secret where no instance is', async () => {
    const secret = {
      name: 'path',
      source: { environment: 'PATH' },
      target: { path: '/run/secrets/path', mode: 0o400 },
    };
    const own = runtime();
    if (!own.putSecrets) return;
    await expect(own.putSecrets('contract-nobody', [secret])).rejects.toMatchObject({ kind: 'missing' });
  });

  it('leaves alone what carries the name of an instance and the labels of another environment', async () => {
    const stranger = await start({ ...subject().running('stranger'), ...strangeScope });
    const { name } = stranger;
    await comeUp(stranger);
    const before = (await runtime(strangeScope).observe({ images: [], ports: [] })).instances;
    expect(await runtime().inspect(name)).toBeUndefined();
    await runtime().retire(ref(stranger));
    await runtime().remove(ref(stranger));
    const forbidden: (() => Promise<unknown>)[] = [
      () => runtime().start(name),
      () => runtime().revive(ref(stranger)),
      () => runtime().exec(name, ['true'], 5000),
      () => runtime().openCommand(name, ['true'], { input: false, onOutput: () => undefined }),
      () => runtime().logs(name, { tail: 1 }),
      () => runtime().create({ ...stranger, ...testScope }),
      () => runtime().create(stranger),
    ];
    for (const act of forbidden) await expect(act()).rejects.toThrow(RuntimeError);
    expect((await runtime(strangeScope).observe({ images: [], ports: [] })).instances).toEqual(before);
    expect(await runtime(strangeScope).inspect(name)).toMatchObject({ state: 'running', restarts: 0 });
  });

  it('neither takes, mounts nor removes a volume of another environment, nor mounts a missing one', async () => {
    const { volumeAt, running } = subject();
    if (!volumeAt) return;
    const name = volumeAt(`contract-volume-${process.pid}`);
    const request = { name, key: 'data', mountedAt: ['x:/data'] };
    const mounting = running('thief', { mounts: [{ type: 'volume', volume: name, target: '/data', readOnly: true }] });
    const found = async () => {
      const { volumes } = await runtime(strangeScope).observe({ images: [], ports: [] });
      return volumes.find((volume) => volume.name === name);
    };
    await expect(runtime().create(mounting)).rejects.toMatchObject({ kind: 'missing' });
    await runtime(strangeScope).volumes!.create(request);
    const before = await found();
    expect(before).toMatchObject({ name, owner: `${strangeScope.stack}/${strangeScope.environment}` });
    const acts = [
      () => runtime().volumes!.create(request),
      () => runtime().volumes!.remove(name),
      () => runtime().create(mounting),
      async () => runtime().workloads?.apply(mounting, true) ?? runtime().create(mounting),
    ];
    for (const act of acts)
      await expect(act()).rejects.toMatchObject({ kind: 'software', message: expect.stringContaining(name) });
    expect(await runtime().inspect(mounting.name)).toBeUndefined();
    expect(await found()).toEqual(before);
    await runtime(strangeScope).volumes!.remove(name);
    await eventually(async () => expect(await found()).toBeUndefined());
  });

  it('brings secrets and configs into an instance byte for byte, with modes and, where known, owners', async () => {
    const { fileAt } = subject();
    if (!fileAt) return expect(runtime().name).toBe('memory');
    const folder = mkdtempSync(join(tmpdir(), 'deploy-code-contract-'));
    const source = (name: string, content: Uint8Array | string) => {
      writeFileSync(join(folder, name), content);
      return { file: join(folder, name) };
    };
    const owner = runtime().name === 'kubernetes' || process.getuid?.() !== 0 ? {} : { uid: 1234, gid: 300_000 };
    const instance = await start(
      subject().running('bytes', {
        secrets: [
          { name: 'key', source: source('key', 'first\nlast\n'), target: { path: '/run/secrets/key', mode: 0o400 } },
          { name: 'shut', source: source('shut', 'closed'), target: { path: '/run/secrets/shut', mode: 0 } },
          {
            name: 'store',
            source: source('store', awkward),
            target: { path: '/run/secrets/store', mode: 0o440, ...owner },
          },
        ],
        files: [
          {
            path: fileAt('/etc/app.conf') === '/etc/app.conf' ? '/etc/app.conf' : '/app.conf',
            content: 'größer\n',
            mode: 0o640,
          },
        ],
      }),
    );
    const shown = async (path: string) => {
      const { output } = await runtime().exec(
        instance.name,
        ['sh', '-c', `stat -L -c '%a %u:%g' "${path}" && od -An -v -tx1 "${path}"`],
        10_000,
      );
      const [line, ...bytes] = output.split('\n');
      return { mode: line!.split(' ')[0], owner: line!.split(' ')[1], bytes: bytes.join('').replaceAll(' ', '') };
    };
    try {
      expect(await shown(fileAt('/run/secrets/key'))).toMatchObject({
        mode: '400',
        bytes: Buffer.from('first\nlast\n').toString('hex'),
      });
      expect(await shown(fileAt('/run/secrets/shut'))).toMatchObject({ mode: '0' });
      expect(await shown(fileAt('/run/secrets/store'))).toMatchObject({
        mode: '440',
        bytes: awkward.toString('hex'),
        ...('uid' in owner && { owner: '1234:300000' }),
      });
      expect(await shown(fileAt('/etc/app.conf'))).toMatchObject({
        mode: '640',
        bytes: Buffer.from('größer\n').toString('hex'),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gives the log lines of a time range, with their times, if the platform keeps them', async () => {
    const { driver, running } = subject();
    const instance = await start(running('stamped'));
    const read = (more: Partial<LogRequest>) => runtime().logs(instance.name, { tail: 1000, ...more });
    if (!runtimeTraits[driver.name].logTimes) {
      if (driver.name !== 'memory') await expect(read({ shown: true })).rejects.toThrow('keeps no times of log lines');
      return;
    }
    await until(async () => (await read({})).lines.length > 0);
    const plain = (await read({})).lines;
    const stamped = (await read({ shown: true })).lines;
    const at = Date.parse(stamped[0]!.split(' ')[0]!);
    expect(stamped[0]).toBe(`${stamped[0]!.split(' ')[0]} ${plain[0]}`);
    expect((await read({ since: at - 1000, until: at + 60_000 })).lines).toEqual(plain);
    expect((await read({ until: at - 1000 })).lines).toEqual([]);
    expect((await read({ since: at + 60_000 })).lines).toEqual([]);
  });

  it('runs a command in an instance', async () => {
    const instance = await start(subject().running('exec'));
    expect(await runtime().exec(instance.name, ['true'], 5000)).toEqual({ exitCode: 0, output: '' });
  });

  it('says that a command wrote more than it collects', async () => {
    // Commands of this one write what the test has said before.
    if (subject().driver.name === 'memory') return;
    const instance = await start(subject().running('much'));
    const write = (bytes: number) => ['sh', '-c', `head -c ${bytes} /dev/zero | tr '\\0' x`];
    const most = 256 * 1024;
    const whole = await runtime().exec(instance.name, write(most), 20_000);
    expect([whole.output.length, whole.isCut]).toEqual([most, undefined]);
    const cut = await runtime().exec(instance.name, write(most + 1), 20_000);
    expect([cut.output.length, cut.isCut]).toEqual([most, true]);
  });
}

/** What every runtime that runs real commands does with their input and output. */
export async function passesInputOn(runtime: Runtime, name: string): Promise<void> {
  const { command, shown } = await open(runtime, name, ['sh', '-c', 'cat; echo end >&2; exit 5']);
  const bytes = Buffer.concat([awkward, Buffer.alloc(300_000, 'a')]);
  command.write(bytes);
  command.endInput();
  expect(await command.ended).toBe(5);
  command.write(Buffer.from('too late'));
  expect(shown.stdout().equals(bytes)).toBe(true);
  expect(shown.stderr().toString()).toBe('end\n');
  const silent = await open(runtime, name, ['cat'], { input: false });
  expect(await silent.command.ended).toBe(0);
  const endless = await open(runtime, name, ['sleep', '1000']);
  await endless.command.kill();
  await endless.command.ended.catch(() => undefined);
}

/** What every runtime with terminals does with their sizes. The command prints it after each line. */
export async function givesTerminals(runtime: Runtime, name: string, stty: string): Promise<void> {
  const script = `while read -r line; do ${stty} size; done; exit 7`;
  const { command, shown } = await open(runtime, name, ['sh', '-c', script], {
    terminal: { columns: 111, rows: 33 },
  });
  const showsSize = (size: string) =>
    until(() => {
      command.write(Buffer.from('\n'));
      return shown.stdout().includes(size);
    });
  await showsSize('33 111');
  await command.resize({ columns: 90, rows: 40 });
  await showsSize('40 90');
  const endOfInput = Buffer.from([4]);
  command.write(endOfInput);
  expect(await command.ended).toBe(7);
  expect(shown.stderr()).toHaveLength(0);
}

async function open(
  runtime: Runtime,
  name: string,
  words: string[],
  options: Partial<OpenCommandOptions> = {},
): Promise<{ command: OpenCommand; shown: Record<'stdout' | 'stderr', () => Buffer> }> {
  const pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const command = await runtime.openCommand(name, words, {
    input: true,
    onOutput: (stream, bytes) => void pieces[stream].push(Buffer.from(bytes)),
    ...options,
  });
  return {
    command,
    shown: { stdout: () => Buffer.concat(pieces.stdout), stderr: () => Buffer.concat(pieces.stderr) },
  };
}

/** What every runtime that runs commands beside an instance keeps: none of them outlives its time. */
export async function endsLateCommands(
  runtime: Runtime,
  name: string,
  run: Runtime['exec'] = (...asked) => runtime.exec(...asked),
): Promise<void> {
  const seconds = String(7_000_000 + process.pid);
  const hang = ['sh', '-c', `sleep ${seconds} & sleep ${seconds}; true`];
  const left = async () => {
    const list = 'for p in /proc/[0-9]*; do tr "\\0" " " < "$p/cmdline"; echo; done 2>/dev/null';
    return (await runtime.exec(name, ['sh', '-c', list], 10_000)).output
      .split('\n')
      .filter((line) => line.trim() === `sleep ${seconds}`);
  };
  for (let round = 0; round < 3; round += 1) {
    const calls = [run, run].map((each) => each(name, hang, 300).catch((error: Error) => error.message));
    for (const message of await Promise.all(calls)) expect(message).toBe('the command did not end within 300 ms');
    await until(async () => (await left()).length === 0);
  }
}
