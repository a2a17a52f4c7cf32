import { excessOf, packedExcess } from '../../model/stack/limits';
import { packedSize } from '../packed-size';
import type { Rule } from './rule';

/** Rejects stacks that are larger than the engine can deploy. */
export const sizeWithinLimits: Rule = ({ stack }) => {
  const excess = excessOf(stack);
  return excess.length > 0 ? excess : packedExcess(packedSize(stack));
};
