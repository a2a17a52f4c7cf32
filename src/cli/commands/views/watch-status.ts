import { setTimeout as sleep } from 'node:timers/promises';
import logUpdate from 'log-update';
import { sayAway } from '../../output/hosts-away';
import { print, printJson, renderedWithin } from '../../output/terminal';
import type { StackStatus } from './stack-status';

const everyMs = 2000;

/**
 * Shows the status of a stack until Ctrl-C: in place on a terminal, else again whenever it has changed. `show` gets the
 * columns of the terminal.
 */
export async function watchStatus(
  show: (width?: number) => Promise<StackStatus>,
  { json = false }: { json?: boolean },
): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once('SIGINT', end);
  const isLive = !json && process.stdout.isTTY;
  let before: string | undefined;
  let reported = new Set<string>();
  try {
    while (!stop.signal.aborted) {
      const status = await show(isLive ? shownColumns() : undefined);
      const away = status.away.filter(({ host }) => !reported.has(host));
      if (isLive && away.length > 0) logUpdate.clear();
      sayAway(away);
      reported = new Set(status.away.map(({ host }) => host));
      const shown = json ? JSON.stringify(status.document) : status.lines.join('\n');
      if (isLive) draw(status.lines);
      else if (shown !== before && json) printJson(status.document);
      else if (shown !== before) print(before === undefined ? status.lines : ['', ...status.lines]);
      before = shown;
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    process.off('SIGINT', end);
    if (isLive) logUpdate.done();
  }
}

/** What fits on the screen: a longer text would be drawn again and again below itself. */
function draw(lines: readonly string[]): void {
  const { rows } = process.stdout;
  const fitting =
    lines.length < rows ? lines : [...lines.slice(0, rows - 2), `(${lines.length - rows + 2} more lines)`];
  logUpdate(fitting.map((line) => renderedWithin(shownColumns(), line)).join('\n'));
}

/** The last column stays free, because some terminals begin a new line there. */
function shownColumns(): number {
  return Math.max(1, process.stdout.columns - 1);
}
