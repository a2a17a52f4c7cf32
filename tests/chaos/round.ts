import { setTimeout as sleep } from 'node:timers/promises';
import { dockerKilled, faults, type Fault } from './faults';
import type { Arena } from './arena';
import { pulledVersions } from './arena/registry-images';
import { violations } from './check';
import { write } from './check/data';
import { observed } from './check/instances';
import { operations, type Operation } from './operations';
import { persist } from './persist';
import { Random } from './random';
import { settle, type Settled } from './requests';
import { placeOf, stackNames, toStack, variantOf, type Variant } from './stacks';

const longestDelayMs = 4000;
const mostFaults = 3;

/** What a seed and a number make of a round: what is asked for, and what goes wrong when. */
export interface Script {
  number: number;
  stack: string;
  before: Variant;
  operation: Operation;
  faults: { fault: Fault; afterMs: number; random: Random }[];
  random: Random;
  /** By way of Temporal, or through the server. */
  way: 'client' | 'remote';
}

export interface Outcome {
  number: number;
  stack: string;
  operation: string;
  faults: string[];
  results: string[];
  violations: string[];
  durationMs: number;
}

/** Volumes outlive rounds: so do the lines that were written into them. */
const tokens = new Map<string, string[]>(stackNames.map((name) => [name, []]));

export function scriptOf(arena: Arena, { seed, number, only }: { seed: number; number: number; only: string }): Script {
  const candidates = faults.filter(({ name }) => name.includes(only));
  const random = new Random(seed, number);
  const stack = random.pick(stackNames);
  const before = variantOf(arena, stack, random, number * 10);
  const operation = random.weighted(operations);
  const count = operation.killsClient ? random.below(mostFaults) : 1 + random.below(mostFaults);
  const chosen: Script['faults'] = [];
  for (let tries = 0; chosen.length < count && tries < 20; tries += 1) {
    const fault = random.weighted(candidates);
    const possible = fault.possible?.(arena) ?? true;
    if (possible && !chosen.some((other) => other.fault.part === fault.part))
      chosen.push({ fault, afterMs: random.below(longestDelayMs), random: new Random(seed, number, tries + 1) });
  }
  const way = new Random(seed, number, 99).pick(['client', 'remote'] as const);
  return { number, stack, before, operation, faults: chosen, random, way };
}

export function faultsOf({ operation, faults }: Script): string[] {
  return [...faults.map(({ fault }) => fault.name), ...(operation.killsClient ? ['client killed'] : [])];
}

/** One round: a quiet start, a request while things go wrong, and a look at everything once they are right again. */
export async function play(arena: Arena, script: Script): Promise<Outcome> {
  const begin = Date.now();
  const { number, stack, operation } = script;
  const end = (results: string[], found: string[]): Outcome => ({
    number,
    stack,
    operation: operation.name,
    faults: faultsOf(script),
    results,
    violations: found,
    durationMs: Date.now() - begin,
  });
  const trouble = await prepare(arena, script);
  if (trouble) return end([], [trouble]);
  const lastDeployment = (await arena.client.environment(placeOf(stack)))!.numbers.deployment;
  const before = await observed(arena.engine.docker, stack);
  const striking = script.faults.map((each) =>
    sleep(each.afterMs).then(() => each.fault.strike(arena, each.random, stack)),
  );
  const asked = ask(arena, script).catch((error: Error) => error.message);
  await Promise.all(striking);
  const settled = await asked;
  if (typeof settled === 'string') return end([], [settled]);
  const touched = script.faults.some(({ fault }) => fault.touchesInstances);
  const dockerCrashed = script.faults.some(({ fault }) => fault.name === dockerKilled);
  const found = await violations({
    arena,
    stack,
    lastDeployment,
    before,
    settled,
    touched,
    dockerCrashed,
    tokens: tokens.get(stack)!,
    asked: operation.killsClient ? Infinity : settled.length,
  }).catch((error: Error) => [`the check itself: ${error.stack}`]);
  return end(
    settled.map(
      ({ what, result, answers }) =>
        `${what}: ${result.outcome}${answers.length > 0 ? ` (${answers.join('; ')})` : ''}`,
    ),
    found,
  );
}

async function ask(arena: Arena, { random, operation, stack, number, way }: Script): Promise<Settled[]> {
  let note = number * 10;
  const next = () => variantOf(arena, stack, random, (note += 1));
  const requests = await operation.begin({ arena, client: arena[way], random, stack, next });
  return Promise.all(requests.map((request) => settle(request, random)));
}

/** Brings a known version about, writes into its volume, and sees to it that what has to be pulled is not there. */
async function prepare(arena: Arena, { stack, before, number }: Script): Promise<string | undefined> {
  const { outcome, cause } = await persist('the deployment before', 120_000, async () =>
    (await arena.client.deploy(toStack(arena, stack, before))).result(),
  );
  if (outcome !== 'succeeded' && outcome !== 'unchanged')
    return `the quiet deployment before ended ${outcome}: ${cause?.message}`;
  const token = `round-${number}`;
  await write(arena.engine.docker, stack, token);
  tokens.get(stack)!.push(token);
  for (const version of arena.registry ? pulledVersions : [])
    await arena.engine.docker
      .getImage(arena.registry!.image(version))
      .remove()
      .catch(() => undefined);
  return undefined;
}
