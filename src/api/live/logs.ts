import type { DirectClient } from '../../client';
import { lastIn } from '../../client/history/releases';
import type { ReleaseContents } from '../../workflows/messages';
import { away, pause, unlessAway } from './environments';
import { cursorsOf, positionOf, type Cursors } from './position';
import { Source, type Found, type LiveMessage } from './source';
import type { From, Topic } from './topics';

type LogTopic = Extract<Topic, { kind: 'logs' }>;
type Logs = Awaited<ReturnType<DirectClient['logs']>>;
type Log = Logs['found'][number];

const pollMs = 1000;
/** Lines of each instance from before, which a source keeps for those who ask for them. */
const history = 200;
/** Lines of an instance that has just come. */
const mostLines = 1000;
/** What is kept for those who are behind, or come back after a lost connection. */
const mostBytes = 4 * 1024 * 1024;

/** Where a source begins to read. */
interface Start {
  cursors: Cursors;
  tail: number;
  since?: number;
}

/** The log lines of the instances of an environment, also of those that come later. */
export class LogSource extends Source {
  /** Resolves after the first look. */
  readonly ready: Promise<void>;
  private cursors: Cursors;
  private release?: ReleaseContents;
  private isReady: () => void = () => undefined;

  constructor(
    private readonly client: DirectClient,
    private readonly topic: LogTopic,
    private readonly start: Start,
  ) {
    super((_, signal) => this.poll(signal), mostBytes);
    this.cursors = start.cursors;
    this.ready = new Promise((resolve) => (this.isReady = resolve));
  }

  /**
   * Those who follow from now on share a source; so do those who resume from the same message, which the source still
   * has or begins with. Lines before a time, or more than the history, need a source of their own.
   * @throws ApiProblem if the position is none
   */
  static found(client: DirectClient, topic: LogTopic, { after, tail = 0, since }: From): Found {
    const { stack, environment } = topic.place;
    const own = since !== undefined || tail > history ? `?since=${since ?? ''}&tail=${tail}` : '';
    const cursors = after === undefined ? {} : cursorsOf(after);
    const isOfOwn = after === undefined && own !== '';
    return {
      key: `logs:${stack}/${environment}/${[...topic.services].sort().join(',')}${isOfOwn ? own : ''}`,
      seenIn: (source) => {
        if (after !== undefined) return source.after(after) ?? (isFrom(source, after) ? 0 : undefined);
        return isOfOwn ? 0 : source.length;
      },
      open: () =>
        new LogSource(client, topic, {
          cursors,
          tail: isOfOwn ? Math.max(tail, since === undefined ? 0 : mostLines) : history,
          ...(isOfOwn && since !== undefined && { since }),
        }),
      ...(after === undefined && !isOfOwn && { before: (source) => (source as LogSource).lastLines(tail) }),
    };
  }

  /** True if the source has everything after a position that it began with. */
  hasBegunAt(position: string): boolean {
    return this.isWhole && Object.keys(this.start.cursors).length > 0 && positionOf(this.start.cursors) === position;
  }

  /** The last lines of each instance from before, and where those go on who have them. */
  private lastLines(tail: number): LiveMessage[] {
    const byName = new Map<string, LogLines>();
    for (const { data } of this.history) {
      const log = data as LogLines;
      byName.set(log.instance, { ...log, lines: [...(byName.get(log.instance)?.lines ?? []), ...log.lines] });
    }
    const last = tail === 0 ? [] : [...byName.values()].map((log) => ({ ...log, lines: log.lines.slice(-tail) }));
    const position = positionOf(this.cursors);
    return [
      ...last.filter(({ lines }) => lines.length > 0).map((data) => ({ name: 'lines' as const, data })),
      { name: 'state', data: { instances: Object.keys(this.cursors).sort() }, ...(position && { id: position }) },
    ];
  }

  private async poll(signal: AbortSignal): Promise<void> {
    try {
      for (let isFirst = true; !signal.aborted;) {
        const page = await unlessAway(() => this.read(isFirst));
        if (page !== away) {
          this.publish(page);
          isFirst = false;
          this.isReady();
        }
        await pause(pollMs, signal);
      }
    } finally {
      this.isReady();
    }
  }

  private async read(isFirst: boolean): Promise<Logs> {
    const { client, topic, start } = this;
    const state = await client.environment(topic.place);
    const number = lastIn(state);
    if (number === undefined) return { found: [], away: [] };
    if (this.release?.release !== number) this.release = await client.release(topic.place, number, state);
    const { stack } = this.release;
    const services = topic.services.filter((each) => Object.hasOwn(stack.services, each));
    if (topic.services.length > 0 && services.length === 0) return { found: [], away: [] };
    const times = isFirst && start.since !== undefined ? { since: start.since } : undefined;
    return client.logs(stack, services, isFirst ? start.tail : mostLines, this.cursors, times);
  }

  /** Instances that went are forgotten; those of hosts that are away are kept. */
  private publish({ found, away: missing }: Logs): void {
    if (missing.length === 0) {
      const names = new Set(found.map(({ name }) => name));
      this.cursors = Object.fromEntries(Object.entries(this.cursors).filter(([name]) => names.has(name)));
    }
    for (const log of found) {
      this.cursors = { ...this.cursors, [log.name]: log.cursor };
      if (log.lines.length === 0) continue;
      const id = positionOf(this.cursors);
      this.append({ name: 'lines', data: linesOf(log), ...(id !== undefined && { id }) });
    }
    const unreadable = found.filter((log) => log.unreadable !== undefined);
    if (missing.length > 0 || unreadable.length > 0 || this.hasPresented)
      this.present('away', {
        hosts: missing,
        instances: unreadable.map(({ name, unreadable: reason }) => ({ instance: name, reason })),
      });
  }
}

export interface LogLines {
  instance: string;
  service?: string;
  ordinal?: number;
  lines: string[];
}

function linesOf({ name, service, ordinal, lines }: Log): LogLines {
  return {
    instance: name,
    ...(service !== undefined && { service }),
    ...(ordinal !== undefined && { ordinal }),
    lines,
  };
}

function isFrom(source: Source, position: string): boolean {
  return source instanceof LogSource && source.hasBegunAt(position);
}
