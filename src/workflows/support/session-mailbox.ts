import { setHandler } from '@temporalio/workflow';
import { fromCommandSignal, sealed, sessionQuery, toCommandSignal } from '../messages';
import { listen } from './listen';

/** Characters of one answer. */
const largestAnswer = 400_000;

/**
 * Keeps the messages between a client and a command in an instance until the other side reads them. No two sealed
 * messages are alike, so that one which comes again was sent again.
 */
export function keepMailbox(): void {
  const boxes: Record<'client' | 'command', string[]> = { client: [], command: [] };
  const fromClient = new Set<string>();
  listen(toCommandSignal, sealed, (message) => {
    if (!fromClient.has(message.sealed)) boxes.client.push(message.sealed);
    fromClient.add(message.sealed);
  });
  listen(fromCommandSignal, sealed, (message) => void boxes.command.push(message.sealed));
  setHandler(sessionQuery, ({ of, from }) => answerOf(boxes[of] ?? [], from));
}

function answerOf(box: string[], from: number): string[] {
  let size = 0;
  const end = box.findIndex((message, index) => index > from && (size += message.length) > largestAnswer);
  return box.slice(from, end < 0 ? undefined : end);
}
