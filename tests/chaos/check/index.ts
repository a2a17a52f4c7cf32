import type { Arena } from '../arena';
import { persist } from '../persist';
import type { Settled } from '../requests';
import { placeOf, repairing } from '../stacks';
import { data } from './data';
import { expected, isSame, observed, type Listing } from './instances';
import { secrets } from './secrets';

const quietWithinMs = 90_000;
/** The watch looks every second, trusts nothing for half a minute after Docker was away, and pauses between repairs. */
const mendedWithinMs = 120_000;

/** What a round has to be judged by. */
export interface Evidence {
  arena: Arena;
  stack: string;
  /** Number of the last deployment before it. */
  lastDeployment: number;
  before: Listing;
  settled: Settled[];
  /** Something else has removed or killed containers: a deployment may fail for it. */
  touched: boolean;
  dockerCrashed: boolean;
  tokens: string[];
  /** The number of requests: each is one deployment, however often it was sent. */
  asked: number;
}

/** Everything that does not hold after a round. */
export async function violations(evidence: Evidence): Promise<string[]> {
  const { arena, stack } = evidence;
  const place = placeOf(stack);
  const quiet = await persist('waiting until nothing runs or waits', quietWithinMs, async () => {
    const state = await arena.client.environment(place);
    if (state?.running || (state?.queue.length ?? 0) > 0)
      throw new Error(
        `running ${JSON.stringify(state?.running)}, waiting ` +
          `${JSON.stringify(state?.queue.map(({ workflowId }) => workflowId))}`,
      );
    return state;
  }).catch((error: Error) => error.message);
  if (typeof quiet === 'string') return [`a lock or a queue entry leaked: ${quiet}`];
  const found = [...results(evidence), ...(await history(evidence))];
  if (arena.server.crashes > 0) found.push(`the server has ended by itself ${arena.server.crashes} times`);
  if (evidence.touched && stack !== repairing) found.push(...(await heal(evidence)));
  return [...found, ...(await instances(evidence)), ...(await data(evidence)), ...(await secrets(evidence))];
}

function results({ settled, touched }: Evidence): string[] {
  return settled.flatMap(({ what, may, result, answers }) => {
    const { outcome, cause, leftBehind, refusals } = result;
    const tolerated = touched || answers.length > 0;
    const wrong =
      may.includes(outcome) || tolerated
        ? []
        : [
            `${what} ended ${outcome}, not ${may.join(' or ')}: ` +
              `${cause?.message ?? ''} ${refusals.map(({ message }) => message).join('; ')}`,
          ];
    return leftBehind.length === 0 || tolerated ? wrong : [...wrong, `${what} left behind: ${leftBehind.join('; ')}`];
  });
}

/** Every deployment of the round has an end that it reports, and there are no more than were asked for. */
async function history({ arena, stack, lastDeployment, settled, asked }: Evidence): Promise<string[]> {
  const own = (deployment: number | undefined) => (deployment ?? Infinity) > lastDeployment;
  return persist('the history', 20_000, async () => {
    const entries = (await arena.client.history(placeOf(stack), 10)).filter(({ deployment }) => own(deployment));
    const open = entries.filter(({ result }) => !result);
    const missing = settled.filter(
      ({ result }) =>
        result.deployment !== undefined && !entries.some(({ deployment }) => deployment === result.deployment),
    );
    if (open.length > 0)
      throw new Error(`${open.map(({ workflowId, status }) => `${workflowId} is ${status}`).join(', ')}`);
    if (missing.length > 0) throw new Error(`${missing.map(({ what }) => what).join(', ')} is not in the history`);
    // The watch repairs by itself.
    const requested = entries.filter(({ result }) => result!.intent !== 'repair');
    if (requested.length > asked) throw new Error(`${requested.length} deployments for ${asked} requests`);
    return [];
  }).catch((error: Error) => [error.message]);
}

/** After somebody has touched containers a repair puts everything right. */
async function heal({ arena, stack }: Evidence): Promise<string[]> {
  const place = placeOf(stack);
  const current = (await arena.client.environment(place))?.current?.release;
  if (current === undefined) return [];
  const { outcome, cause } = await (await arena.client.repair(place)).result();
  return outcome === 'succeeded' || outcome === 'unchanged' ? [] : [`healing ended ${outcome}: ${cause?.message}`];
}

/**
 * What runs is what the current release says, instance by instance; and the very same as before where nothing was
 * brought about.
 */
async function instances({ arena, stack, before, settled, touched, dockerCrashed }: Evidence): Promise<string[]> {
  const wanted = await expected(arena, stack);
  const { docker } = arena.engine;
  return persist('looking at the instances', mendedWithinMs, async () => {
    const found = await observed(docker, stack);
    const wrong = wanted.difference(found);
    if (wrong.length > 0) throw new Error(`what runs is not what the release says: ${wrong.join('; ')}`);
    const unchanged =
      settled.length > 0 &&
      !touched &&
      settled.every(({ result }) => ['rolled_back', 'refused', 'cancelled', 'unchanged'].includes(result.outcome));
    const ids = (listing: Listing) =>
      listing
        .map(({ name, id }) => `${name} ${id}`)
        .sort()
        .join(', ');
    if (unchanged && !isSame(before, found, dockerCrashed))
      throw new Error(`not the same containers as before: ${ids(before)} became ${ids(found)}`);
    return [];
  }).catch((error: Error) => [error.message]);
}
