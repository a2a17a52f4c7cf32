import { signal } from '@preact/signals';
import { follow } from '../../api/live';
import type { Place } from '../../api/types';
import { plainText } from '../../text/plain';

export interface Line {
  number: number;
  instance: string;
  /** The name that people know it by. */
  name: string;
  text: string;
}

interface Arrived {
  instance: string;
  service?: string;
  ordinal?: number;
  lines: string[];
}

/** More lines than these are not kept: the oldest go first. */
const most = 10_000;
const tail = 200;
const drawEveryMs = 120;

/** The log lines of an environment, or of one service of it. */
export class LogLines {
  readonly lines = signal<readonly Line[]>([]);
  readonly away = signal<readonly string[]>([]);
  readonly problem = signal<string | undefined>(undefined);
  private arrived: Line[] = [];
  private count = 0;
  private timer?: ReturnType<typeof setTimeout>;

  constructor(
    private readonly place: Place,
    private readonly service: string | undefined,
  ) {}

  start(): () => void {
    const { stack, environment } = this.place;
    const topic = `logs:${stack}/${environment}${this.service === undefined ? '' : `/${this.service}`}`;
    const leave = follow(
      topic,
      ({ type, data, problem }) => {
        if (type === 'restart') this.clear();
        if (type === 'lines') this.add(data as Arrived);
        if (type === 'problem') this.problem.value = problem?.detail ?? '';
        if (type === 'away') this.away.value = namesOf(data as { hosts: { host: string }[]; instances: Arrived[] });
      },
      { tail },
    );
    return () => {
      clearTimeout(this.timer);
      leave();
    };
  }

  /** The last lines come again. */
  private clear(): void {
    this.arrived = [];
    this.lines.value = [];
  }

  private add({ instance, service, ordinal, lines }: Arrived): void {
    const name = service === undefined ? instance : `${service}-${ordinal}`;
    for (const line of lines) this.arrived.push({ number: (this.count += 1), instance, name, text: plainText(line) });
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.lines.value = [...this.lines.value, ...this.arrived.splice(0)].slice(-most);
    }, drawEveryMs);
  }
}

function namesOf({ hosts, instances }: { hosts: { host: string }[]; instances: Arrived[] }): string[] {
  return [...hosts.map(({ host }) => host), ...instances.map(({ instance }) => instance)];
}
