import { isOneLine } from '../model/text';
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

/**
 * Returns a text that is shown in one row, such as a reason.
 * @throws BadRequest if it has several lines or control characters, or is too long
 */
export function lineOf(field: string, text: string, longest: number): string {
  if (isOneLine(text, longest)) return text;
  throw new BadRequest(`${field} must be one line of at most ${longest} characters, without control characters`);
}
