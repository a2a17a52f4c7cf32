import { createReadStream } from 'node:fs';
import { readBounded } from '../guard/bounded';
import { isName } from '../model/names';
import { BadRequest } from '../temporal/errors';
import { askHidden } from './prompt';

const largestKiB = 255;
/** Largest value that can be sealed, in bytes. */
const largestSecret = largestKiB * 1024;

/**
 * The values of `--secret NAME=value`, `--secret NAME=-` (standard input, byte for byte) and `--secret NAME` (asked for
 * at the terminal). Errors never contain what was given: it may be a value in the wrong place.
 * @throws BadRequest
 */
export async function secretValues(
  given: readonly string[] = [],
  variables: Record<string, string> = {},
): Promise<Record<string, string | Uint8Array>> {
  const wanted = given.map((text, index) => parse(text, index + 1));
  const names = wanted.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new BadRequest(`--secret ${twice} is given twice; give it once`);
  const both = names.find((name) => Object.hasOwn(variables, name));
  if (both !== undefined) throw new BadRequest(`${both} is given by --set and by --secret; remove --set`);
  if (wanted.filter(({ value }) => value === '-').length > 1)
    throw new BadRequest('standard input can be the value of one --secret only');
  const values: Record<string, string | Uint8Array> = {};
  for (const { name, value } of wanted) values[name] = await read(name, value);
  return values;
}

function parse(text: string, position: number): { name: string; value?: string } {
  const cut = text.indexOf('=');
  const name = cut < 0 ? text : text.slice(0, cut);
  if (isName('stored', name)) return cut < 0 ? { name } : { name, value: text.slice(cut + 1) };
  throw new BadRequest(
    `--secret number ${position} does not begin with the name of a variable; write NAME=value, NAME=- or NAME`,
  );
}

async function read(name: string, value: string | undefined): Promise<string | Uint8Array> {
  const found =
    value === undefined
      ? await askHidden(`${name}: `, '--secret with a name only asks for the value; write NAME=- to pass it in')
      : value === '-'
        ? await standardInput()
        : value;
  return requireValue(name, found);
}

/** @throws BadRequest for a value that is empty or too large */
export function requireValue<Value extends string | Uint8Array>(name: string, value: Value): Value {
  const bytes = Buffer.from(value as string);
  if (bytes.length > largestSecret) throw tooLarge(name);
  if (bytes.toString('latin1').trim() === '')
    throw new BadRequest(`the value of ${name} is empty; nothing was changed`);
  return value;
}

/** All bytes of standard input. @throws BadRequest if it is a terminal, or holds more than can be sealed */
export async function standardInput(): Promise<Uint8Array> {
  if (process.stdin.isTTY)
    throw new BadRequest('a value on standard input comes through a pipe or from a file: `… < FILE`');
  return readBounded(
    process.stdin as AsyncIterable<Buffer>,
    largestSecret,
    () => new BadRequest(`standard input holds more than ${largestKiB} KiB`),
  );
}

/** All bytes of a file, which is the value of a name. @throws BadRequest if it cannot be read, or is too large */
export async function fileContent(name: string, file: string): Promise<Uint8Array> {
  try {
    return await readBounded(createReadStream(file) as AsyncIterable<Buffer>, largestSecret, () => tooLarge(name));
  } catch (error) {
    if (error instanceof BadRequest) throw error;
    throw new BadRequest(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}); nothing was changed`);
  }
}

function tooLarge(name: string): BadRequest {
  return new BadRequest(`the value of ${name} is larger than ${largestKiB} KiB`);
}
