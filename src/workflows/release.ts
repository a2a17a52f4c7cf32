import { condition, setHandler } from '@temporalio/workflow';
import { contentsQuery, pruneSignal, type ReleaseContents } from './messages';

/** A kept release: holds the stack as it was, and stays open until pruned, so that a rollback does not depend on retention. */
export async function release(contents: ReleaseContents): Promise<number> {
  let pruned = false;
  setHandler(contentsQuery, () => contents);
  setHandler(pruneSignal, () => void (pruned = true));
  await condition(() => pruned);
  return contents.release;
}
