import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectClient } from '../../client';
import type { EnvironmentMark } from '../../client/reader/marks';
import type { EnvironmentState, Place } from '../../workflows/messages';
import { placeKey } from '../../client/place';
import { may } from '../access/authorise';
import type { Caller } from '../access/directory';
import { Changes } from './changes';
import { endOf, tileOf, unreadableTile, type Tile, type TileRelease } from './tile';

/**
 * The tiles of all environments, shared by all readers. Not all of thousands of environments are read each time:
 * Temporal's lists show which of them have changed, and a few of the others are read in turn.
 */

/** Requests within this time share one refresh. */
const freshMs = 1000;
/** The longest that a request waits for a refresh; then it gets the known tiles. */
const longestWaitMs = 1000;
/** Environments that are read at a time. */
const lanes = 8;
/** Unchanged environments that each refresh reads again, in turn. */
const rolling = 40;
/** An environment that could not be read is read again after this time. */
const retryMs = 30_000;
/** Consecutive failures after which the engine counts as unreachable. */
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
  /** Why the last refresh failed: requests get this error instead of outdated tiles. */
  private failure?: Error;

  constructor(
    private readonly client: Pick<DirectClient, 'marks' | 'environment' | 'releaseSummary'>,
    private readonly now: () => number = Date.now,
  ) {}

  /** Reads an environment again with the next request: somebody has just changed it. */
  touch(place: Place): void {
    this.touched.add(placeKey(place));
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

  /** Reads environments that may have changed. A slow refresh goes on while requests are answered. */
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
    // A place that was touched meanwhile may have been read before its change.
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

  /** Resolves with the error if an environment cannot be read; its known tile stays. */
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

  /** Undefined if the release is not kept, or was just pruned. */
  private async releaseOf(place: Place, state: EnvironmentState | undefined): Promise<TileRelease | undefined> {
    const number = state?.current?.release;
    if (number === undefined || !state!.releases.includes(number)) return undefined;
    const known = this.releases.get(placeKey(place));
    if (known?.number === number) return known;
    const read = await this.client.releaseSummary(place, number).catch(() => undefined);
    if (!read) return undefined;
    const { requestedBy, reason } = read;
    const release = { number, requestedBy, ...(reason !== undefined && { reason }) };
    this.releases.set(placeKey(place), release);
    return release;
  }

  private forget(key: string): void {
    this.entries.delete(key);
    this.releases.delete(key);
    this.changed.remove(key);
  }
}

function placeOf(key: string): Place {
  const [stack, environment] = key.split('/') as [string, string];
  return { stack, environment };
}

/** A digest of a caller's rights: with other rights, a caller sees other environments. */
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
