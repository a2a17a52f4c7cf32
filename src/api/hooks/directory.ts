import { monotonicMs } from '../../guard/monotonic';
import type { DirectClient } from '../../client';
import { placeKey } from '../../client/place';
import type { Trigger } from '../../model/hooks';
import type { Place } from '../../workflows/messages';
import { Remembered } from '../remembered';

/** How long the answer of the engine is used: a stranger costs it nothing in between. */
const freshMs = 5000;
const mostPlaces = 1000;
const mostEnvironments = 10_000;

/** A trigger of the release that runs. */
export interface KnownTrigger extends Pick<Trigger, 'name' | 'from'> {
  release: number;
}

type Source = Pick<DirectClient, 'environments' | 'environment' | 'release'>;

/** The triggers of environments, as a server sees them. Unknown names are told without asking about each. */
export class TriggerDirectory {
  private readonly environments: Remembered<ReadonlySet<string>>;
  private readonly triggers: Remembered<KnownTrigger[]>;

  constructor(
    private readonly client: Source,
    elapsed = monotonicMs,
  ) {
    this.environments = new Remembered({ freshMs, elapsed });
    this.triggers = new Remembered({ freshMs, most: mostPlaces, elapsed });
  }

  /** A trigger by its name; undefined if the environment, or the release that runs, has none. */
  async find(place: Place, name: string): Promise<KnownTrigger | undefined> {
    const deployed = await this.environments.get('all', () => this.deployed());
    if (!deployed.has(placeKey(place))) return undefined;
    const triggers = await this.triggers.get(placeKey(place), () => this.read(place));
    return triggers.find((trigger) => trigger.name === name);
  }

  private async deployed(): Promise<ReadonlySet<string>> {
    return new Set((await this.client.environments(mostEnvironments)).map(placeKey));
  }

  private async read(place: Place): Promise<KnownTrigger[]> {
    const state = await this.client.environment(place);
    const release = state?.current?.release;
    if (release === undefined) return [];
    const { stack } = await this.client.release(place, release, state);
    return (stack.triggers ?? []).map(({ name, from }) => ({ name, from, release }));
  }
}
