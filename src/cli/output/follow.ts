import type { DeploymentResult, Place, Progress } from '../../workflows/messages';
import { isOver, type DeploymentHandle } from '../../client/deployment-handle';
import { detachedLine, finishedLine, toLine } from './event';
import { exitCodeOf, exitCodes } from '../exit-codes';
import { planText } from './plan-text';
import { ProgressLines } from './progress-lines';
import { ProgressTree } from './tree';
import { answerCommands, approvalText, failureText } from './question-text';
import { resultText } from './result-text';
import { TroubleNotes } from './trouble-notes';
import { paint, print, printJson, say } from './terminal';

export interface FollowOptions {
  /** Prints events as JSON Lines, the last of which is the result. */
  json?: boolean;
  /** With `json`: false prints the last line only. */
  watch?: boolean;
  detach?: boolean;
  /** Gives up after this time without a worker or server, in ms; default: never. */
  giveUpAfter?: number;
  /** Options that name the environment in a command line. */
  place: string;
}

const detachedGiveUpAfterMs = 10_000;

/** Shows a deployment until it ends, and returns the exit code. Ctrl-C detaches: the deployment continues. */
export async function follow(handle: DeploymentHandle, options: FollowOptions): Promise<number> {
  const stop = new AbortController();
  const detach = () => stop.abort();
  process.once('SIGINT', detach);
  const display = createDisplay(options, handle.place);
  const trouble = new TroubleNotes((lines) => display.note(lines), giveUpAfterMsOf(options));
  let last: Progress | undefined;
  try {
    for await (const progress of handle.watch(stop.signal, trouble.take)) {
      if (progress.question && progress.question.id !== last?.question?.id)
        display.note(questionText(progress, options.place));
      if (titles(progress) !== titles(last)) display.note(approvalText(progress, options.place));
      if (progress.failure && progress.failure.until !== last?.failure?.until)
        display.note(failureText(progress, options.place));
      last = progress;
      display.show(progress);
      if (
        options.detach &&
        (progress.deployment !== undefined || progress.behind !== undefined || progress.held !== undefined)
      )
        break;
    }
  } finally {
    process.off('SIGINT', detach);
    display.close();
  }
  if (stop.signal.aborted || (options.detach && !(last && isOver(last)))) return sayDetached(handle, last, options);
  return sayResult(await handle.result({ onTrouble: trouble.take }), handle.place, options);
}

/** With --detach, gives up early if no worker answers. */
function giveUpAfterMsOf({ giveUpAfter, detach }: FollowOptions): number {
  return giveUpAfter ?? (detach ? detachedGiveUpAfterMs : Infinity);
}

function titles(progress: Progress | undefined): string {
  return (progress?.approvals ?? []).map(({ title }) => title).join();
}

interface Display {
  show(progress: Progress): void;
  note(lines: string[]): void;
  close(): void;
}

function createDisplay({ json, watch = true }: FollowOptions, place: Place): Display {
  if (json)
    return {
      show: ({ events, deployment }) =>
        watch && events.forEach((event) => printJson(toLine(event, { place, deployment }))),
      note: () => undefined,
      close: () => undefined,
    };
  if (!process.stdout.isTTY) {
    const lines = new ProgressLines(say);
    return { show: (progress) => lines.show(progress), note: print, close: () => undefined };
  }
  const tree = new ProgressTree();
  let shown = false;
  return {
    show: (progress) => {
      if (progress.plan && !shown && progress.status !== 'pulling') {
        shown = true;
        tree.printAbove(planText(progress.plan));
      }
      tree.show(progress);
    },
    note: (lines) => tree.printAbove(lines),
    close: () => tree.close(),
  };
}

function questionText({ deployment, question }: Progress, place: string): string[] {
  return [paint.bold(question!.text), ...answerCommands(deployment, question!, place)];
}

function sayDetached(
  { id, place: of }: DeploymentHandle,
  last: Progress | undefined,
  { json, place }: FollowOptions,
): number {
  const number = last?.deployment;
  if (json)
    printJson(
      detachedLine({ workflowId: id, status: last?.status, behind: last?.behind }, { place: of, deployment: number }),
    );
  else
    say(
      number === undefined
        ? 'Detached: the deployment waits in the queue and starts automatically. ' +
            `\`deploy-code cancel ${id}${place}\` removes it.`
        : `Detached: deployment ${number} continues. \`deploy-code status ${number} --watch${place}\` ` +
            `follows it; \`deploy-code cancel ${number}${place}\` rolls it back.`,
    );
  return exitCodes.done;
}

function sayResult(result: DeploymentResult, of: Place, { json, place }: FollowOptions): number {
  const code = exitCodeOf(result.outcome);
  if (json) printJson(finishedLine(result, code, { place: of, deployment: result.deployment }));
  else print(resultText(result, place));
  return code;
}
