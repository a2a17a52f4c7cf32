import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena } from './arena';
import { molest } from './hostile-client';
import type { Random } from './random';
import { moveIn, moveOut } from './strangers';

/** Something that goes wrong, for a while; resolves once it is over and everything that was killed is back. */
export interface Fault {
  name: string;
  weight: number;
  /** The part that it takes away: two faults of a round never take the same. */
  part: string;
  /** It changes what runs: a deployment may fail for it. */
  touchesInstances?: boolean;
  strike(arena: Arena, random: Random, stack: string): Promise<void>;
  /** Whether this machine can have it. */
  possible?: (arena: Arena) => boolean;
}

const awayMs = (random: Random) => random.between(0, 2000);
const badMs = (random: Random) => random.between(500, 4000);

export const dockerKilled = 'Docker killed';

export const faults: Fault[] = [
  {
    name: 'worker killed',
    weight: 5,
    part: 'worker',
    strike: ({ worker }, random) => without(worker, () => worker.kill(), awayMs(random)),
  },
  {
    name: 'worker stopped',
    weight: 2,
    part: 'worker',
    strike: ({ worker }, random) => without(worker, () => worker.stop(), awayMs(random)),
  },
  {
    name: 'worker frozen while another takes over',
    weight: 2,
    part: 'worker',
    strike: async (arena, random) => {
      const other = arena.makeWorker();
      arena.worker.freeze();
      await other.start();
      await sleep(badMs(random) + 2000);
      arena.worker.thaw();
      await sleep(awayMs(random));
      await other.kill();
    },
  },
  {
    name: 'server killed',
    weight: 4,
    part: 'server',
    strike: ({ server }, random) => without(server, () => server.kill(), awayMs(random)),
  },
  {
    name: 'Temporal killed',
    weight: 4,
    part: 'temporal',
    strike: ({ temporal }, random) => without(temporal, () => temporal.kill(), awayMs(random)),
  },
  {
    name: dockerKilled,
    weight: 3,
    part: 'docker',
    strike: ({ engine }, random) => without(engine, () => engine.kill(), awayMs(random)),
  },
  {
    name: 'Docker restarted',
    weight: 2,
    part: 'docker',
    strike: ({ engine }, random) => without(engine, () => engine.stop(), awayMs(random)),
  },
  {
    name: 'Docker slow',
    weight: 3,
    part: 'way to docker',
    strike: (arena, random) => during(arena, { kind: 'slow', upToMs: random.between(100, 1500) }, badMs(random)),
  },
  {
    name: 'Docker failing',
    weight: 4,
    part: 'way to docker',
    strike: (arena, random) => during(arena, { kind: 'failing', share: random.between(0.1, 0.6) }, badMs(random)),
  },
  {
    name: 'Docker away',
    weight: 2,
    part: 'way to docker',
    strike: (arena, random) => during(arena, { kind: 'away' }, badMs(random)),
  },
  {
    name: 'disk full for pulls',
    weight: 2,
    part: 'disk',
    strike: async (arena, random) => {
      arena.fillDisk();
      await sleep(badMs(random));
      arena.freeDisk();
    },
  },
  {
    name: 'registry away',
    weight: 2,
    part: 'registry',
    possible: ({ registry }) => registry !== undefined,
    strike: ({ registry }, random) => without(registry!, () => registry!.kill(), badMs(random)),
  },
  {
    name: 'disk full under Temporal and the worker',
    weight: 2,
    part: 'state',
    strike: async (arena, random) => {
      arena.fillState();
      await sleep(badMs(random));
      arena.freeState();
    },
  },
  { name: 'processor taken away', weight: 2, part: 'processor', strike: (_, random) => busy(6, badMs(random) + 2000) },
  {
    name: 'subscriber hangs',
    weight: 3,
    part: 'subscriber',
    strike: async ({ peer }, random) => {
      peer.mood = random.pick(['silent', 'trickling', 'endless'] as const);
      await sleep(badMs(random) + 2000);
      peer.mood = 'calm';
    },
  },
  {
    name: 'strangers with the names of instances',
    weight: 3,
    part: 'names',
    touchesInstances: true,
    strike: async (arena, random, stack) => {
      const strangers = await moveIn(arena, random, stack);
      await sleep(badMs(random) + 4000);
      await moveOut(arena, strangers);
    },
  },
  {
    name: 'clock of the worker jumps',
    weight: 2,
    part: 'clock',
    possible: ({ clock }) => clock !== undefined,
    strike: async ({ clock }, random) => {
      clock!.set(random.pick([-7200, -600, 600, 7200]));
      await sleep(badMs(random));
      clock!.set(0);
    },
  },
  {
    name: 'hostile client',
    weight: 3,
    part: 'messages',
    strike: (arena, random, stack) => molest(arena, random, stack),
  },
  {
    name: 'container removed',
    weight: 2,
    part: 'containers',
    touchesInstances: true,
    strike: (arena, random, stack) =>
      toContainer(arena, random, stack, (container) => container.remove({ force: true })),
  },
  {
    name: 'container killed',
    weight: 2,
    part: 'containers',
    touchesInstances: true,
    strike: (arena, random, stack) =>
      toContainer(arena, random, stack, (container) => container.kill({ signal: 'SIGKILL' })),
  },
];

/** Processes that want all of the processor, for a while. */
async function busy(count: number, forMs: number): Promise<void> {
  const loops = Array.from({ length: count }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  await sleep(forMs);
  for (const loop of loops) loop.kill('SIGKILL');
}

/** Ends something, and starts it again after a while. */
async function without(what: { start(): Promise<void> }, end: () => Promise<void>, forMs: number): Promise<void> {
  await end();
  await sleep(forMs);
  await what.start();
}

async function during({ proxy }: Arena, mood: Arena['proxy']['mood'], forMs: number): Promise<void> {
  proxy.mood = mood;
  await sleep(forMs);
  proxy.mood = { kind: 'calm' };
}

type Container = ReturnType<Arena['engine']['docker']['getContainer']>;

/** One that has gone by itself meanwhile is no matter. */
async function toContainer(
  { engine: { docker } }: Arena,
  random: Random,
  stack: string,
  strike: (container: Container) => Promise<unknown>,
): Promise<void> {
  const running = await docker.listContainers({ filters: { label: [`deploy-code.stack=${stack}`] } }).catch(() => []);
  if (running.length > 0)
    await strike(
      docker.getContainer(random.pick(running.sort((a, b) => (a.Names[0]! < b.Names[0]! ? -1 : 1))).Id),
    ).catch(() => undefined);
}
