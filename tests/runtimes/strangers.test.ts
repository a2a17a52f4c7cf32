import fc from 'fast-check';
import type { InstanceRef } from '../../src/model/instance';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import type { Runtime } from '../../src/runtimes/runtime';
import { spec } from './contract';

const environments = [
  { stack: 'shop', environment: 'production' },
  { stack: 'shop', environment: 'staging' },
  { stack: 'bank', environment: 'production' },
];
const names = ['a', 'b', 'c'];
const mine = environments[0]!;

/** Everything that changes what an environment has, by the name of a thing. */
const acts: Record<string, (runtime: Runtime, name: string) => Promise<unknown>> = {
  create: (runtime, name) => runtime.create(spec('x', { name, ...mine, hash: 'mine' })),
  start: (runtime, name) => runtime.start(name),
  retire: (runtime, name) => runtime.retire(refOf(name)),
  revive: (runtime, name) => runtime.revive(refOf(name)),
  remove: (runtime, name) => runtime.remove(refOf(name)),
  attach: (runtime, name) => runtime.networks!.attach(name, [{ name: 'net', aliases: ['db'] }]),
  exec: (runtime, name) => runtime.exec(name, ['rm', '-rf', '/'], 1000),
  'create network': (runtime, name) => runtime.networks!.create({ name, key: name, internal: true }),
  'remove network': (runtime, name) => runtime.networks!.remove(name),
  'create volume': (runtime, name) => runtime.volumes!.create({ name, key: name, mountedAt: [] }),
  'remove volume': (runtime, name) => runtime.volumes!.remove(name),
};

const refOf = (name: string): InstanceRef => ({ name, service: 'x', ordinal: 1, restart: 'no', stopGraceMs: 0 });
const script = fc.array(fc.tuple(fc.constantFrom(...Object.keys(acts)), fc.constantFrom(...names)), { maxLength: 40 });
const owners = fc.array(fc.constantFrom(...environments), { minLength: names.length, maxLength: names.length });

/** A host on which every name is taken by somebody; some of it may be our own. */
function inhabited(taken: typeof environments): MemoryHost {
  const host = new MemoryHost();
  taken.forEach((owner, index) => {
    const name = names[index]!;
    const instance = spec('x', { name, ...owner, hash: 'theirs' });
    host.instances.set(name, {
      spec: instance,
      policy: 'always',
      exited: [],
      attached: [],
      started: 0,
      traffic: { tables: [] },
      status: { state: 'running', hash: 'theirs', outOfMemory: false, restarts: 0 },
    });
    host.networks.set(name, { owner: `${owner.stack}/${owner.environment}`, internal: false });
    host.volumes.set(name, { owner: `${owner.stack}/${owner.environment}`, mountedAt: [`x:/${name}`] });
  });
  return host;
}

/** What others have, as text. */
function ofStrangers(host: MemoryHost): string {
  const isTheirs = (owner: string) => owner !== `${mine.stack}/${mine.environment}`;
  return JSON.stringify([
    [...host.instances].filter(
      ([
        ,
        {
          spec: { stack, environment },
        },
      ]) => isTheirs(`${stack}/${environment}`),
    ),
    [...host.networks].filter(([, { owner }]) => isTheirs(owner)),
    [...host.volumes].filter(([, { owner }]) => isTheirs(owner)),
  ]);
}

describe('a host full of strangers', () => {
  it('keeps all that is theirs, whatever is asked for under their names', async () => {
    await fc.assert(
      fc.asyncProperty(owners, script, async (taken, steps) => {
        const host = inhabited(taken);
        const before = ofStrangers(host);
        const runtime = createMemoryRuntime(host).within(mine);
        for (const [act, name] of steps) await acts[act]!(runtime, name).catch(() => undefined);
        expect(ofStrangers(host)).toBe(before);
      }),
    );
  });
});
