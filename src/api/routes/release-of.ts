import { lastIn } from '../../client/history/releases';
import type { Stack } from '../../model/stack';
import type { Place, ReleaseContents } from '../../workflows/messages';
import { ApiProblem } from '../problems';
import type { Services } from '../route';

interface InPlace extends Pick<Services, 'client'> {
  params: Place;
}

/** The release that runs. @throws ApiProblem if there is none */
export async function currentRelease({ client, params }: InPlace): Promise<ReleaseContents> {
  const state = await client.environment(params);
  const number = state?.current?.release;
  return number === undefined ? nothingDeployed(params) : client.release(params, number, state);
}

/** The release that runs or, after a stop, the last one: volumes and records stay. @throws ApiProblem without one */
export async function lastRelease(call: InPlace): Promise<ReleaseContents> {
  return (await lastReleaseIfAny(call)) ?? nothingDeployed(call.params);
}

/** The same; undefined if nothing was ever deployed. */
export async function lastReleaseIfAny({ client, params }: InPlace): Promise<ReleaseContents | undefined> {
  const state = await client.environment(params);
  const number = lastIn(state);
  return number === undefined ? undefined : client.release(params, number, state);
}

function nothingDeployed({ stack, environment }: Place): never {
  throw new ApiProblem('not_found', `nothing is deployed in ${stack}/${environment}; deploy it first`);
}

/** The names. @throws ApiProblem for a service that the release does not have */
export function requireServices(names: readonly string[], { services }: Pick<Stack, 'services'>): string[] {
  const unknown = names.find((each) => !Object.hasOwn(services, each));
  if (unknown === undefined) return [...names];
  throw new ApiProblem('bad_input', `the current release has no service "${unknown}"`, {
    advice: `it has ${Object.keys(services).join(', ')}`,
  });
}
