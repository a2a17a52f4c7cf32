import { setHandler } from '@temporalio/workflow';
import { fromCommandSignal, sealed, sessionQuery, toCommandSignal } from '../messages';
import { listen } from './listen';

/** Characters of one answer. */
const largestAnswer = 400_000;

/** Keeps the messages between a client and a command in an instance until the other side reads them. */
export function keepMailbox(): void {
  const boxes: Record<'client' | 'command', string[]> = { client: [], command: [] };
  listen(toCommandSignal, sealed, (message) => void boxes.client.push(message.sealed));
  listen(fromCommandSignal, sealed, (message) => void boxes.command.push(message.sealed));
  setHandler(sessionQuery, ({ of, from }) => answerOf(boxes[of] ?? [], from));
}

function answerOf(box: string[], from: number): string[] {
  let size = 0;
  const end = box.findIndex((message, index) => index > from && (size += message.length) > largestAnswer);
  return box.slice(from, end < 0 ? undefined : end);
}
