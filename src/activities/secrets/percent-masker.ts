import { piecesOf } from './encoded-forms';
import { hide, Masker, shortestMasked } from './masker';
import { textOf } from './text';

const escape = /%[\da-f]{2}/i;
/** In bytes. Larger binary secrets are not matched in percent-encoded form. */
const largestBinary = 64 * 1024;

/** Masks secrets in URLs, regardless of which characters are percent-encoded. */
export class PercentMasker {
  private readonly masker: Masker;

  /** `secrets`: each byte as one character. */
  constructor(secrets: Iterable<string>) {
    this.masker = new Masker([...secrets].flatMap(bytesOfPieces));
  }

  mask(text: string): string {
    if (!escape.test(text)) return text;
    const { bytes, places } = decoded(text);
    return hide(
      text,
      this.masker.placesIn(bytes).map(({ from, to }) => ({ from: places[from]!, to: places[to]! })),
    );
  }
}

/** A secret and its parts that may appear alone; also with `+` for spaces. */
function bytesOfPieces(secret: string): string[] {
  const text = textOf(Buffer.from(secret, 'latin1'));
  const pieces =
    text !== undefined
      ? piecesOf(text).map((piece) => Buffer.from(piece).toString('latin1'))
      : secret.length <= largestBinary
        ? [secret]
        : [];
  return pieces
    .flatMap((piece) => (piece.includes(' ') ? [piece, piece.replaceAll(' ', '+')] : [piece]))
    .filter((piece) => piece.length >= shortestMasked);
}

function bytesOf(character: string): string {
  return character < '\x80' ? character : Buffer.from(character).toString('latin1');
}

/**
 * The bytes of a percent-decoded text, each as one character; and the position of each, and of the end, in the text.
 */
function decoded(text: string): { bytes: string; places: number[] } {
  const parts: string[] = [];
  const places: number[] = [];
  for (let place = 0; place < text.length;) {
    const isEscape = text[place] === '%' && escape.test(text.slice(place, place + 3));
    const length = isEscape ? 3 : text.codePointAt(place)! > 0xffff ? 2 : 1;
    const written = text.slice(place, place + length);
    const bytes = isEscape ? String.fromCharCode(Number.parseInt(written.slice(1), 16)) : bytesOf(written);
    parts.push(bytes);
    for (let byte = 0; byte < bytes.length; byte += 1) places.push(place);
    place += length;
  }
  return { bytes: parts.join(''), places: [...places, text.length] };
}
