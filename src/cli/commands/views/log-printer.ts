import stringWidth from 'string-width';
import type { DeployCodeClient } from '../../../client/connect';
import { paint, paints, printJson, printRawLines, say } from '../../output/terminal';

export interface LogPrinterOptions {
  json?: boolean;
  raw?: boolean;
  /** All services of the stack, in order: each has a colour of its own, the same every time. */
  services: readonly string[];
}

type Log = Awaited<ReturnType<DeployCodeClient['logs']>>['found'][number];

/** Prints log lines behind the names of their instances, which are aligned. */
export class LogPrinter {
  private readonly reported = new Set<string>();
  private width = 0;

  constructor(private readonly options: LogPrinterOptions) {}

  /** Prints the new lines of instances. */
  show(found: readonly Log[]): void {
    const logs = [...found].sort((a, b) => this.placeOf(a) - this.placeOf(b) || (a.ordinal ?? 0) - (b.ordinal ?? 0));
    const labels = labelsOf(logs);
    this.width = Math.max(this.width, ...labels.map(stringWidth));
    logs.forEach((log, index) => this.showOne(log, labels[index]!));
  }

  private showOne(log: Log, label: string): void {
    const { name, lines, unreadable } = log;
    if (unreadable !== undefined && !this.reported.has(name)) this.sayUnreadable(log, label);
    this.reported.add(name);
    for (const line of lines) {
      if (this.options.json) printJson({ instance: name, line });
      else if (this.options.raw) printRawLines([`${label} | ${line}`]);
      else say(`${this.headOf(log, label)} ${line}`);
    }
  }

  /** Reported once for an instance, also while the logs of others are followed. */
  private sayUnreadable(log: Log, label: string): void {
    const { name, unreadable } = log;
    if (this.options.json) printJson({ instance: name, unreadable });
    else say(`${this.headOf(log, label)} ${paint.yellow(`(its logs cannot be read here: ${unreadable})`)}`);
  }

  private placeOf({ service }: Log): number {
    return Math.max(0, this.options.services.indexOf(service ?? ''));
  }

  private headOf(log: Log, label: string): string {
    return paints[this.placeOf(log) % paints.length]!(`${label}${' '.repeat(this.width - stringWidth(label))} |`);
  }
}

/** `web-1`; the whole name where two instances would have the same label, as during a rollout. */
function labelsOf(logs: readonly Log[]): string[] {
  const short = logs.map(({ service, ordinal, name }) => (service === undefined ? name : `${service}-${ordinal}`));
  return short.map((label, index) => (short.filter((other) => other === label).length > 1 ? logs[index]!.name : label));
}
