import { signal } from '@preact/signals';
import { Batches } from '../../api/batches';
import type { Refused } from '../../api/client';
import { follow } from '../../api/live';
import { placeText } from '../../api/place';
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

/** The log lines of an environment, or of one service of it. */
export class LogLines {
  readonly lines = signal<readonly Line[]>([]);
  readonly away = signal<readonly string[]>([]);
  readonly problem = signal<Refused | undefined>(undefined);
  private count = 0;
  private readonly arrived = new Batches<Line>((lines) => {
    this.lines.value = [...this.lines.value, ...lines].slice(-most);
  });

  constructor(
    private readonly place: Place,
    private readonly service: string | undefined,
  ) {}

  start(): () => void {
    const topic = `logs:${placeText(this.place)}${this.service === undefined ? '' : `/${this.service}`}`;
    const leave = follow(
      topic,
      ({ type, data, problem }) => {
        if (type === 'restart') this.clear();
        if (type === 'lines') this.add(data as Arrived);
        if (problem) this.problem.value = problem;
        if (type === 'away') this.away.value = namesOf(data as { hosts: { host: string }[]; instances: Arrived[] });
      },
      { tail },
    );
    return () => {
      this.arrived.clear();
      leave();
    };
  }

  /** The last lines come again. */
  private clear(): void {
    this.arrived.clear();
    this.lines.value = [];
  }

  private add({ instance, service, ordinal, lines }: Arrived): void {
    const name = service === undefined ? instance : `${service}-${ordinal}`;
    this.arrived.add(...lines.map((line) => ({ number: (this.count += 1), instance, name, text: plainText(line) })));
  }
}

function namesOf({ hosts, instances }: { hosts: { host: string }[]; instances: Arrived[] }): string[] {
  return [...hosts.map(({ host }) => host), ...instances.map(({ instance }) => instance)];
}
