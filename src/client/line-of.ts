import { isOneLine } from '../model/text';
import { BadRequest } from '../temporal/errors';

/**
 * A text that is shown in one row: who asks, or why. @throws BadRequest where it has several lines, control characters,
 * or is too long
 */
export function lineOf(what: string, text: string, longest: number): string {
  if (isOneLine(text, longest)) return text;
  throw new BadRequest(`${what} must be one line of at most ${longest} characters, without control characters`);
}
