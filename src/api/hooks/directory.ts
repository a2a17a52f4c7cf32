import { monotonicMs } from '../../guard/monotonic';
import type { DirectClient } from '../../client';
import type { Trigger } from '../../model/hooks';
import type { Place } from '../../workflows/messages';

/** How long the answer of the engine is used: a stranger costs it nothing in between. */
const freshMs = 5000;
const mostPlaces = 1000;
const mostEnvironments = 10_000;

/** A trigger of the release that runs. */
export interface KnownTrigger extends Pick<Trigger, 'name' | 'from'> {
  release: number;
}

interface Answer<T> {
  at: number;
  value: Promise<T>;
}

type Source = Pick<DirectClient, 'environments' | 'environment' | 'release'>;

/** The triggers of environments, as a server sees them. Unknown names are told without asking about each. */
export class TriggerDirectory {
  private environments?: Answer<ReadonlySet<string>>;
  private readonly triggers = new Map<string, Answer<KnownTrigger[]>>();

  constructor(
    private readonly client: Source,
    private readonly elapsed = monotonicMs,
  ) {}

  /** A trigger by its name; undefined if the environment, or the release that runs, has none. */
  async find(place: Place, name: string): Promise<KnownTrigger | undefined> {
    if (!(await this.isDeployed(place))) return undefined;
    return (await this.triggersOf(place)).find((trigger) => trigger.name === name);
  }

  private async isDeployed(place: Place): Promise<boolean> {
    if (!this.isFresh(this.environments))
      this.environments = this.answer(
        async () => new Set((await this.client.environments(mostEnvironments)).map(keyOf)),
        () => (this.environments = undefined),
      );
    return (await this.environments!.value).has(keyOf(place));
  }

  private triggersOf(place: Place): Promise<KnownTrigger[]> {
    const key = keyOf(place);
    const known = this.triggers.get(key);
    if (known && this.isFresh(known)) return known.value;
    const answer = this.answer(
      () => this.read(place),
      () => this.triggers.delete(key),
    );
    this.triggers.delete(key);
    this.triggers.set(key, answer);
    if (this.triggers.size > mostPlaces) this.triggers.delete(this.triggers.keys().next().value!);
    return answer.value;
  }

  private async read(place: Place): Promise<KnownTrigger[]> {
    const state = await this.client.environment(place);
    const release = state?.current?.release;
    if (release === undefined) return [];
    const { stack } = await this.client.release(place, release, state);
    return (stack.triggers ?? []).map(({ name, from }) => ({ name, from, release }));
  }

  /** One question at a time, whose failure is not remembered. */
  private answer<T>(ask: () => Promise<T>, forget: () => unknown): Answer<T> {
    const value = ask();
    value.catch(forget);
    return { at: this.elapsed(), value };
  }

  private isFresh(answer: Answer<unknown> | undefined): boolean {
    return answer !== undefined && this.elapsed() - answer.at < freshMs;
  }
}

function keyOf({ stack, environment }: Place): string {
  return `${stack}/${environment}`;
}
