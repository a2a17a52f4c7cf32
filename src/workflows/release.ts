import { condition, setHandler } from '@temporalio/workflow';
import { admit } from './support/admit';
import { contentsQuery, pruneSignal, type ReleaseContents } from './messages';
import { inputs } from './messages/shapes';

/**
 * A kept release: holds the deployed stack, and runs until pruned, so that a rollback does not depend on Temporal's
 * retention.
 */
export async function release(given: ReleaseContents): Promise<number> {
  const contents = admit(given, inputs.release, 'release');
  let pruned = false;
  setHandler(contentsQuery, () => contents);
  setHandler(pruneSignal, () => void (pruned = true));
  await condition(() => pruned);
  return contents.release;
}
