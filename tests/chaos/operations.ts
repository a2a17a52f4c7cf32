import { setTimeout as sleep } from 'node:timers/promises';
import type { DeployCodeClient } from '../../src/client';
import { BadRequest } from '../../src/temporal/errors';
import { writeStack } from '../support/stack';
import type { Arena } from './arena';
import { persist } from './persist';
import type { Random } from './random';
import { ask, deployAndDie, type Request } from './requests';
import { broken, placeOf, toData, toStack, type Variant } from './stacks';

export interface Round {
  arena: Arena;
  /** Asks by way of Temporal, or through the server. */
  client: DeployCodeClient;
  random: Random;
  stack: string;
  next: () => Variant;
}

/** What is asked for in a round. */
export interface Operation {
  name: string;
  weight: number;
  /** The client is killed: a fault too. */
  killsClient?: boolean;
  begin(round: Round): Promise<Request[]>;
}

/** What a client had sent when it died has arrived by then. */
const asksWithinMs = 500;

const good: Request['may'] = ['succeeded', 'unchanged'];

export const operations: Operation[] = [
  {
    name: 'deploy',
    weight: 6,
    begin: async ({ arena, client, stack, next }) => {
      const variant = next();
      return [
        await ask(`deploy of note ${variant.note}`, good, (options) =>
          client.deploy(toStack(arena, stack, variant), options),
        ),
      ];
    },
  },
  {
    name: 'deploy what is broken',
    weight: 4,
    begin: async ({ arena, client, random, stack, next }) => {
      const variant = broken(arena, next(), random);
      return [
        await ask(
          `deploy where ${variant.broken}`,
          variant.broken === 'an image does not exist' ? ['rolled_back', 'refused'] : ['rolled_back'],
          (options) => client.deploy(toStack(arena, stack, variant), options),
        ),
      ];
    },
  },
  {
    name: 'roll back',
    weight: 2,
    begin: ({ client, stack }) =>
      orNothing(() => ask('rollback', good, (options) => client.rollback(placeOf(stack), { ...options, force: true }))),
  },
  {
    name: 'restart',
    weight: 1,
    begin: async ({ client, stack }) => [
      await ask('restart of api', good, (options) => client.restart(placeOf(stack), ['api'], options)),
    ],
  },
  {
    name: 'stop',
    weight: 1,
    begin: async ({ arena, client, stack, next }) => {
      const variant = next();
      return [await ask('stop', good, (options) => client.stop(toStack(arena, stack, variant), options))];
    },
  },
  {
    name: 'deploy twice at once',
    weight: 2,
    begin: ({ arena, client, stack, next }) => {
      const variants = [next(), next()];
      return Promise.all(
        variants.map((variant) =>
          ask(`deploy of note ${variant.note}`, good, (options) =>
            client.deploy(toStack(arena, stack, variant), options),
          ),
        ),
      );
    },
  },
  {
    name: 'supersede',
    weight: 2,
    begin: async ({ arena, client, random, stack, next }) => {
      const [first, second] = [next(), next()];
      const old = await ask(`deploy of note ${first.note}`, [...good, 'cancelled', 'refused'], (options) =>
        client.deploy(toStack(arena, stack, first), options),
      );
      await sleep(random.between(0, 3000));
      return [
        old,
        await ask(
          `superseding deploy of note ${second.note}`,
          good,
          (options) => client.deploy(toStack(arena, stack, second), options),
          { whenBusy: 'supersede' },
        ),
      ];
    },
  },
  {
    name: 'cancel',
    weight: 2,
    begin: async ({ arena, client, random, stack, next }) => {
      const variant = next();
      const request = await ask(`cancelled deploy of note ${variant.note}`, [...good, 'cancelled'], (options) =>
        client.deploy(toStack(arena, stack, variant), options),
      );
      await sleep(random.between(0, 3000));
      await request.handle.cancel('chaos').catch(() => undefined);
      return [request];
    },
  },
  {
    name: 'deploy by a client that is killed',
    weight: 2,
    killsClient: true,
    begin: async ({ arena, random, stack, next }) => {
      await deployAndDie(arena, writeStack(toData(arena, stack, next())), random.between(300, 4000));
      return unfinished(arena, stack);
    },
  },
];

/** What goes on though nobody waits for it; it may still have questions. */
async function unfinished(arena: Arena, stack: string): Promise<Request[]> {
  await sleep(asksWithinMs);
  const entries = await persist('looking for what the dead client has asked for', 60_000, () =>
    arena.client.history(placeOf(stack), 10),
  );
  return entries
    .filter(({ endedAt }) => !endedAt)
    .map(({ workflowId }) => ({
      what: 'deploy of a client that is gone',
      may: good,
      handle: arena.client.handle(workflowId),
    }));
}

/** There may be no release to go back to. */
async function orNothing(begin: () => Promise<Request>): Promise<Request[]> {
  try {
    return [await begin()];
  } catch (error) {
    if (error instanceof BadRequest) return [];
    throw error;
  }
}
