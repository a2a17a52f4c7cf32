import { isOneLine } from '../model/text';
import { BadRequest } from '../temporal/errors';

/**
 * Returns a text that is shown in one row, such as a reason.
 * @throws BadRequest if it has several lines or control characters, or is too long
 */
export function lineOf(field: string, text: string, longest: number): string {
  if (isOneLine(text, longest)) return text;
  throw new BadRequest(`${field} must be one line of at most ${longest} characters, without control characters`);
}
