import { setTimeout as sleep } from 'node:timers/promises';
import { cannotHonour } from '../../model/capabilities';
import type { InstanceSpec, NetworkAttachment, ResourceAmounts, RestartPolicy } from '../../model/instance';
import type { InstanceStatus } from '../../model/instance-status';
import type { Observation, ObservedInstance } from '../../model/observation';
import type { TrafficState } from '../../model/traffic';
import { initialTraffic, memoryBalancer } from './balancer';
import type { OpenCommand, OpenCommandOptions } from '../open-command';
import {
  RuntimeError,
  type HoldReason,
  type Questions,
  type Runtime,
  type RuntimeDriver,
  type RuntimeErrorKind,
  type Scope,
} from '../runtime';
import { isSameScope, missing, mustBeWithin, refuseTaken, scopeName } from '../scope';

interface MemoryInstance {
  spec: InstanceSpec;
  status: InstanceStatus;
  policy: RestartPolicy;
  /** Number of its last start among all starts. */
  started: number;
  exited: (() => void)[];
  /** Its names, by network. */
  attached: NetworkAttachment[];
  /** State of a load balancer: its routes and targets. */
  traffic: TrafficState;
}

/** Calls that tests can make fail or wait. */
export type Operation = keyof Runtime | 'ensureImage' | `${'create' | 'remove'}${'Network' | 'Volume'}` | 'attach';

/** An injected fault: `times` calls of an operation on a service fail, then it works again. */
export interface Fault {
  operation: Operation;
  /** A service, for `observe` a stack, or `*`. */
  service: string;
  kind: RuntimeErrorKind;
  message: string;
  times: number;
}

/** A simulated host in memory, for tests. */
export class MemoryHost {
  readonly instances = new Map<string, MemoryInstance>();
  readonly networks = new Map<string, { cidr?: string; internal?: boolean; owner: string }>();
  readonly volumes = new Map<string, { owner: string; mountedAt: string[] }>();
  readonly images = new Map<string, string>();
  readonly holds = new Map<string, HoldReason>();
  /** All calls that changed something, in order. */
  readonly calls: string[] = [];
  faults: Fault[] = [];
  /** Services or images that exit with this code as soon as they start. */
  exits: Record<string, number> = {};
  /** Images whose jobs run until {@link MemoryHost.exit} ends them. */
  readonly held = new Set<string>();
  /** Result of a command in an instance of a service or image; default: exit code 0. */
  commands: Record<string, { exitCode: number; output: string }> = {};
  /** Probe errors by instance, image or service. */
  unhealthy: Record<string, string> = {};
  /** Services that the load balancer cannot connect to. */
  readonly unreachable = new Set<string>();
  callMs = 0;
  starts = 0;
  private readonly heldBack = new Map<Operation, Promise<void>>();
  total = { cpus: 10_000, memory: 2 ** 50, gpus: 0, storage: 2 ** 50 };

  /** Ends an instance as a crash would. */
  exit(name: string, exitCode: number): void {
    const instance = this.get(name);
    Object.assign(instance.status, { state: 'exited', exitCode });
    for (const resolve of instance.exited.splice(0)) resolve();
  }

  get(name: string): MemoryInstance {
    const instance = this.instances.get(name);
    if (!instance) throw new RuntimeError('missing', `there is no instance ${name}`);
    return instance;
  }

  /** The entry for an instance, else for its image, else for its service. */
  of<T>(entries: Record<string, T>, { name, image, service }: InstanceSpec): T | undefined {
    return entries[name] ?? (image === undefined ? undefined : entries[image]) ?? entries[service];
  }

  /** Content address of an image, by its name or by the address itself. */
  imageId(reference: string): string {
    return this.images.get(reference) ?? [...this.images.values()].find((id) => id === reference) ?? '';
  }

  /** Blocks calls of an operation; returns a function that unblocks them. */
  holdBack(operation: Operation): () => void {
    let unblock = () => {};
    this.heldBack.set(operation, new Promise((resolve) => (unblock = resolve)));
    return () => {
      this.heldBack.delete(operation);
      unblock();
    };
  }

  async act(operation: Operation, service: string, target: string): Promise<void> {
    this.calls.push(`${operation} ${target}`);
    if (this.callMs > 0) await sleep(this.callMs);
    await this.heldBack.get(operation);
    this.fail(operation, service);
  }

  /** Throws the first matching fault. */
  fail(operation: Operation, service: string): void {
    const fault = this.faults.find(
      (each) => each.operation === operation && (each.service === '*' || each.service === service) && each.times > 0,
    );
    if (!fault) return;
    fault.times -= 1;
    throw new RuntimeError(fault.kind, fault.message);
  }
}

/** A runtime with instances in this process only, and injected faults. */
export function createMemoryRuntime(host = new MemoryHost()): RuntimeDriver {
  return { name: 'memory', cannotHonour: cannotHonour.memory, within: (scope) => memoryWithin(host, scope) };
}

function memoryWithin(host: MemoryHost, scope: Scope): Runtime {
  const find = (name: string) => {
    const instance = host.instances.get(name);
    return instance && isSameScope(instance.spec, scope) ? instance : undefined;
  };
  const get = (name: string) => {
    const instance = find(name);
    if (!instance) throw missing('instance', name, scope);
    return instance;
  };
  const owner = scopeName(scope);
  const start = async (name: string) => {
    const instance = get(name);
    const { spec, status } = instance;
    await host.act('start', spec.service, name);
    for (const joined of Object.values(spec.joins ?? {}))
      if (find(joined)?.status.state !== 'running')
        throw new RuntimeError('software', `cannot join the namespaces of ${joined}, which does not run`);
    instance.started = ++host.starts;
    Object.assign(status, { state: 'running', exitCode: undefined, startedAt: Date.now() });
    const code = host.of(host.exits, spec) ?? (spec.kind === 'job' && !host.held.has(spec.image ?? '') ? 0 : undefined);
    if (code !== undefined) host.exit(name, code);
  };
  return {
    name: 'memory',
    observe: async (questions) => {
      host.fail('observe', scope.stack);
      return observe(host, owner, questions);
    },
    images: {
      find: async (references) => references.map((reference) => ({ reference, id: host.imageId(reference) })),
      ensure: async ({ reference }) => {
        const found = host.images.get(reference);
        if (found) return { id: found, pulled: false };
        await host.act('ensureImage', '*', reference);
        host.images.set(reference, `sha256:${Buffer.from(reference).toString('hex')}`);
        return { id: host.images.get(reference)!, pulled: true };
      },
      hold: async (id, why) => void host.holds.set(id, why),
      drop: async ({ reference, id }) => {
        if (host.holds.get(id) === 'pulled' && host.images.get(reference) === id) host.images.delete(reference);
        host.holds.delete(id);
      },
    },
    networks: {
      create: async ({ name, cidr, internal }) => {
        const found = host.networks.get(name);
        if (found && found.owner !== owner)
          throw new RuntimeError('software', `the network "${name}" belongs to ${found.owner}, not to ${owner}`);
        await host.act('createNetwork', '*', name);
        host.networks.set(name, { cidr, internal, owner });
      },
      remove: async (name) => {
        if (host.networks.get(name)?.owner !== owner) return;
        await host.act('removeNetwork', '*', name);
        host.networks.delete(name);
      },
      attach: async (name, networks) => {
        const instance = get(name);
        await host.act('attach', instance.spec.service, name);
        instance.attached = networks;
      },
    },
    volumes: {
      create: async ({ name, mountedAt }) => {
        const found = host.volumes.get(name);
        if (found && found.owner !== owner)
          throw new RuntimeError('software', `the volume "${name}" belongs to ${found.owner}, not to ${owner}`);
        await host.act('createVolume', '*', name);
        host.volumes.set(name, { owner, mountedAt });
      },
      remove: async (name) => {
        const found = host.volumes.get(name);
        if (found && found.owner !== owner)
          throw new RuntimeError('software', `the volume "${name}" belongs to ${found.owner}, not to ${owner}`);
        await host.act('removeVolume', '*', name);
        const user = [...host.instances.values()].find(({ spec }) =>
          spec.mounts.some((mount) => mount.type === 'volume' && mount.volume === name),
        );
        if (user) throw new RuntimeError('software', `the volume ${name} is in use by ${user.spec.name}`);
        host.volumes.delete(name);
      },
      adopted: async (names) => names.filter((name) => host.volumes.get(name)?.owner !== owner),
    },
    create: async (spec) => {
      mustBeWithin(scope, spec);
      const found = host.instances.get(spec.name);
      if (found) return refuseTaken(scope, spec, found.spec);
      await host.act('create', spec.service, spec.name);
      host.instances.set(spec.name, {
        spec,
        policy: spec.restart,
        started: 0,
        exited: [],
        attached: spec.networks,
        traffic: initialTraffic(spec),
        status: { state: 'created', hash: spec.hash, outOfMemory: false, restarts: 0 },
      });
    },
    start: async (name) => (get(name).status.state === 'running' ? undefined : start(name)),
    inspect: async (name) => {
      const instance = find(name);
      host.fail('inspect', instance?.spec.service ?? '*');
      return instance && { ...instance.status };
    },
    waitForExit: async (name, signal) => {
      const { status, exited } = get(name);
      if (status.state !== 'running') return status.exitCode;
      await new Promise<void>((resolve) => {
        exited.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      return status.exitCode;
    },
    endedByItself: async (name) => get(name).policy === get(name).spec.restart,
    retire: async ({ name }) => {
      const instance = find(name);
      if (!instance) return;
      await host.act('retire', instance.spec.service, name);
      instance.policy = 'no';
      if (instance.status.state === 'running') host.exit(name, 143);
    },
    revive: async ({ name, restart }) => {
      const instance = get(name);
      await host.act('revive', instance.spec.service, name);
      instance.policy = restart;
      if (instance.status.state !== 'running') await start(name);
    },
    remove: async ({ name }) => {
      const instance = find(name);
      if (!instance) return;
      await host.act('remove', instance.spec.service, name);
      host.exit(name, 143);
      host.instances.delete(name);
    },
    putSecrets: async (name) => void get(name),
    balancer: (name) =>
      memoryBalancer(
        get(name).traffic,
        (call) => host.act('balancer', call, name),
        (address) => !host.unreachable.has(get(address.split(':')[0]!).spec.service),
      ),
    exec: async (name) => host.of(host.commands, get(name).spec) ?? { exitCode: 0, output: '' },
    openCommand: async (name, _, { onOutput }) => echo(get(name).spec, onOutput),
    logs: async (name, { after }) => ({ lines: after ? [] : [`log of ${get(name).spec.service}`], cursor: '1' }),
    probe: async (name) => host.of(host.unhealthy, get(name).spec),
    address: async () => ({ host: '127.0.0.1', port: 0 }),
  };
}

/** A command that repeats its input, until that ends. */
function echo({ service }: InstanceSpec, onOutput: OpenCommandOptions['onOutput']): OpenCommand {
  let end: (exitCode: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => (end = resolve));
  onOutput('stderr', Buffer.from(`echo in ${service}\n`));
  return {
    ended,
    write: (bytes) => onOutput('stdout', bytes),
    endInput: () => end(0),
    resize: async ({ columns, rows }) => onOutput('stdout', Buffer.from(`${columns}x${rows}\n`)),
    kill: async () => end(137),
  };
}

function observe(
  host: MemoryHost,
  owner: string,
  { images, closely = false }: Questions,
): Omit<Observation, 'secrets'> {
  const mine = [...host.instances.values()].filter(({ spec }) => `${spec.stack}/${spec.environment}` === owner);
  return {
    instances: mine.map((instance) => ({ ...toObserved(instance, closely), ...leftBehind(host, instance) })),
    networks: [...host.networks].map(([name, network]) => ({
      name,
      cidr: network.cidr,
      internal: network.internal,
      ours: network.owner === owner,
      owner: `stack ${network.owner}`,
    })),
    volumes: [...host.volumes].map(([name, volume]) => ({ name, ...volume })),
    images: images.map((reference) => ({ reference, id: host.imageId(reference) })),
    portsInUse: [],
    capacity: {
      host: 'memory://test',
      local: true,
      total: host.total,
      reservedByOthers: reserved(
        [...host.instances.values()].filter((each) => !mine.includes(each) && each.status.state === 'running'),
      ),
    },
  };
}

function reserved(others: MemoryInstance[]): ResourceAmounts {
  const sum = (amount: 'cpus' | 'memory' | 'gpus') =>
    others.reduce((total, { spec }) => total + (spec.reserve[amount] ?? 0), 0);
  return { cpus: sum('cpus'), memory: sum('memory'), gpus: sum('gpus') };
}

/** As Docker does: a start makes new namespaces, and instances that joined before stay in the old ones. */
function leftBehind(host: MemoryHost, { spec, started }: MemoryInstance): Pick<ObservedInstance, 'leftBehind'> {
  const names = [...new Set(Object.values(spec.joins ?? {}))].filter((name) => {
    const joined = host.instances.get(name);
    return joined?.status.state === 'running' && joined.started > started;
  });
  return names.length > 0 ? { leftBehind: names } : {};
}

function toObserved({ spec, status, policy }: MemoryInstance, closely: boolean): ObservedInstance {
  return {
    ...spec,
    id: spec.name,
    image: spec.image ?? '',
    imageId: spec.imageId ?? '',
    state: status.state,
    policy,
    ...(closely && { limitsInForce: spec.limit }),
    exitCode: status.exitCode,
    networks: spec.networks.map(({ name }) => name),
    names: spec.names ?? spec.networks,
  };
}
