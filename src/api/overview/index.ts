import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectClient } from '../../client';
import type { EnvironmentMark } from '../../client/reader/marks';
import type { EnvironmentState, Place } from '../../workflows/messages';
import { may } from '../access/authorise';
import type { Caller } from '../access/directory';
import { Changes } from './changes';
import { endOf, tileOf, unreadableTile, type Tile, type TileRelease } from './tile';

/**
 * The tiles of all environments, for as many readers as there are. Thousands of environments are not read again for
 * each look: Temporal's lists say which of them have changed; of the rest a few are read at a time.
 */

/** Who looks again within this time sees the same. */
const freshMs = 1000;
/** The longest that a look waits; what is known by then is its answer. */
const longestWaitMs = 1000;
/** Environments that are read at a time. */
const lanes = 8;
/** Environments that are read again although nothing says that they have changed, with each refresh. */
const rolling = 40;
/** An environment that could not be read is read again after this time. */
const retryMs = 30_000;
/** Failures in a row after which it is not the environments that fail. */
const mostFailures = 2 * lanes;

interface Entry {
  tile: Tile;
  /** What Temporal's lists said when it was read. */
  mark: string;
  readAt: number;
  /** When it has to be read again, whatever the lists say. */
  until: number;
}

/** What has changed since a version. */
export interface OverviewChanges {
  version: string;
  /** True if these are all tiles, and not those that have changed. */
  whole: boolean;
  /** False while some environments have not been read yet. */
  complete: boolean;
  tiles: Tile[];
  gone: Place[];
}

export class Overview {
  private readonly entries = new Map<string, Entry>();
  private readonly changed = new Changes();
  private readonly releases = new Map<string, TileRelease & { number: number }>();
  private readonly touched = new Set<string>();
  private readonly id = randomBytes(6).toString('base64url');
  private refreshedAt = -Infinity;
  private isComplete = false;
  private refreshing?: Promise<unknown>;
  /** Why the last refresh has failed: nobody takes what was known before for what is so now. */
  private failure?: Error;

  constructor(
    private readonly client: Pick<DirectClient, 'marks' | 'environment' | 'releaseSummary'>,
    private readonly now: () => number = Date.now,
  ) {}

  /** Has an environment read again at the next look: somebody has just changed it. */
  touch(place: Place): void {
    this.touched.add(keyOf(place));
    this.refreshedAt = -Infinity;
  }

  /** The tiles that a caller may see, and that have changed since a version. @throws Error while the engine is away */
  async changes(caller: Caller, since: string | undefined): Promise<OverviewChanges> {
    await this.refresh();
    const stamp = `${this.id}.${rightsOf(caller)}`;
    const [of, number] = splitVersion(since);
    const from = of === stamp ? number : undefined;
    const { keys, gone, whole } = this.changed.since(from);
    const mine = (key: string) => may(caller, 'environment.read', placeOf(key));
    return {
      version: `${stamp}.${this.changed.version}`,
      whole,
      complete: this.isComplete,
      tiles: keys.filter(mine).map((key) => this.entries.get(key)!.tile),
      gone: gone.filter(mine).map(placeOf),
    };
  }

  /** Reads what may have changed; one that takes long goes on while looks are answered. */
  private async refresh(): Promise<void> {
    if (this.now() - this.refreshedAt < freshMs) return;
    this.refreshing ??= this.read()
      .then(
        () => (this.failure = undefined),
        (error: Error) => (this.failure = error),
      )
      .then(() => (this.refreshing = undefined));
    await Promise.race([this.refreshing, sleep(longestWaitMs, undefined, { ref: false })]);
    if (this.failure) throw this.failure;
  }

  private async read(): Promise<void> {
    const startedAt = this.now();
    const marks = await this.client.marks();
    for (const key of this.entries.keys()) if (!marks.has(key)) this.forget(key);
    for (const key of this.touched) if (!marks.has(key)) this.touched.delete(key);
    await this.readAll(this.dueOf(marks), marks);
    this.isComplete = true;
    // What was touched meanwhile may have been read before.
    this.refreshedAt = this.touched.size > 0 ? -Infinity : startedAt;
  }

  /** @throws Error if many in a row cannot be read: the engine is away */
  private async readAll(keys: string[], marks: Map<string, EnvironmentMark>): Promise<void> {
    let failures = 0;
    let isOver = false;
    const next = keys[Symbol.iterator]();
    const lane = async () => {
      for (const key of next) {
        if (isOver) return;
        const error = await this.readOne(key, marks.get(key)!);
        failures = error ? failures + 1 : 0;
        if (!error || failures < Math.min(mostFailures, keys.length)) continue;
        isOver = true;
        for (const each of keys) this.touched.add(each);
        throw error;
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  /** New and changed environments, and those that were read the longest ago. */
  private dueOf(marks: Map<string, EnvironmentMark>): string[] {
    const now = this.now();
    const isDue = (key: string) => {
      const entry = this.entries.get(key);
      if (!entry || this.touched.has(key) || entry.until <= now) return true;
      if (entry.tile.health === 'unreadable') return false;
      return entry.tile.running !== undefined || entry.mark !== JSON.stringify(marks.get(key));
    };
    const keys = [...marks.keys()];
    const due = new Set(keys.filter(isDue));
    const rest = keys
      .filter((key) => !due.has(key) && this.entries.get(key)!.tile.health !== 'unreadable')
      .sort((one, other) => this.entries.get(one)!.readAt - this.entries.get(other)!.readAt);
    return [...due, ...rest.slice(0, rolling)];
  }

  /** Resolves with why an environment cannot be read: what was known of it stays. */
  private async readOne(key: string, mark: EnvironmentMark): Promise<Error | undefined> {
    const wasTouched = this.touched.delete(key);
    try {
      const state = await this.client.environment(mark.place);
      const tile = tileOf(mark, state, await this.releaseOf(mark.place, state), this.now());
      this.keep(key, { tile, mark: JSON.stringify(mark), readAt: this.now(), until: endOf(tile, this.now()) });
      return undefined;
    } catch (error) {
      if (wasTouched) this.touched.add(key);
      const known = this.entries.get(key) ?? { tile: unreadableTile(mark, error as Error), mark: '' };
      this.keep(key, { ...known, readAt: this.now(), until: this.now() + retryMs });
      return error as Error;
    }
  }

  private keep(key: string, entry: Entry): void {
    const before = this.entries.get(key);
    this.entries.set(key, entry);
    if (!before || JSON.stringify(before.tile) !== JSON.stringify(entry.tile)) this.changed.change(key);
  }

  /** Of a release that is not kept, or has just gone, nobody knows who has deployed it. */
  private async releaseOf(place: Place, state: EnvironmentState | undefined): Promise<TileRelease | undefined> {
    const number = state?.current?.release;
    if (number === undefined || !state!.releases.includes(number)) return undefined;
    const known = this.releases.get(keyOf(place));
    if (known?.number === number) return known;
    const read = await this.client.releaseSummary(place, number).catch(() => undefined);
    if (!read) return undefined;
    const { requestedBy, reason } = read;
    const release = { number, requestedBy, ...(reason !== undefined && { reason }) };
    this.releases.set(keyOf(place), release);
    return release;
  }

  private forget(key: string): void {
    this.entries.delete(key);
    this.releases.delete(key);
    this.changed.remove(key);
  }
}

function keyOf({ stack, environment }: Place): string {
  return `${stack}/${environment}`;
}

function placeOf(key: string): Place {
  const [stack, environment] = key.split('/') as [string, string];
  return { stack, environment };
}

/** Whoever has other rights than before sees other environments. */
function rightsOf({ subject, roles, limit }: Caller): string {
  return createHash('sha256')
    .update(JSON.stringify([subject, roles, limit]))
    .digest('base64url')
    .slice(0, 12);
}

function splitVersion(text = ''): [stamp: string, number: number] {
  const at = text.lastIndexOf('.');
  return [text.slice(0, at), Number(text.slice(at + 1))];
}
