import { packedSize } from '../config/packed-size';
import type { Stack } from '../model/stack';
import { excessOf, packedExcess } from '../model/stack/limits';
import { BadRequest } from '../temporal/errors';

/** Returns the stack. @throws BadRequest if it is larger than the engine can deploy */
export function withinLimits(stack: Stack): Stack {
  const found = excessOf(stack);
  const excess = found.length > 0 ? found : packedExcess(packedSize(stack));
  if (excess.length === 0) return stack;
  throw new BadRequest(
    excess.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')).join('\n'),
  );
}
