/** Replaces a secret. */
export const mask = '***';
/** Shorter texts would match everywhere. */
export const shortestMasked = 4;

/**
 * Longer texts are matched in pieces of this length, so that truncated secrets are masked too, and comparisons stay
 * short.
 */
const pieceLength = 64;
/** Texts from this length on have a table of their own, which rules out more positions. */
const longPrefix = 8;

/**
 * Finds many texts in one pass, in time proportional to the length of the input and the logarithm of the number of
 * texts.
 */
export class Masker {
  private readonly groups: Group[];

  constructor(texts: Iterable<string>) {
    const pieces = [...new Set([...texts].filter((text) => text.length >= shortestMasked).flatMap(piecesOf))];
    const long = pieces.filter((piece) => piece.length >= longPrefix);
    const short = pieces.filter((piece) => piece.length < longPrefix);
    this.groups = [new Group(long, longPrefix), new Group(short, shortestMasked)].filter(({ size }) => size > 0);
  }

  /** Replaces known texts by {@link mask}; overlapping and adjacent matches get one. */
  mask(text: string): string {
    return hide(text, this.placesIn(text));
  }

  /** Positions of known texts, in order; overlapping and adjacent matches are merged. */
  placesIn(text: string): Span[] {
    const spans: Span[] = [];
    for (let place = 0; this.groups.length > 0 && place + shortestMasked <= text.length; place += 1) {
      let length = 0;
      for (const group of this.groups) length = Math.max(length, group.longestAt(text, place));
      const last = spans.at(-1);
      if (length === 0 || (last && place + length <= last.to)) continue;
      if (last && place <= last.to) last.to = place + length;
      else spans.push({ from: place, to: place + length });
    }
    return spans;
  }
}

/** A part of a text: from `from` up to, but excluding, `to`. */
export interface Span {
  from: number;
  to: number;
}

/** Replaces parts of a text by {@link mask}. */
export function hide(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  const shown = spans.map(({ from }, index) => text.slice(spans[index - 1]?.to ?? 0, from) + mask);
  return shown.join('') + text.slice(spans.at(-1)!.to);
}

/** Pieces of equal length; the last one may overlap its predecessor. */
function piecesOf(text: string): string[] {
  if (text.length <= pieceLength) return [text];
  const whole = Array.from({ length: Math.floor(text.length / pieceLength) }, (_, index) =>
    text.slice(index * pieceLength, (index + 1) * pieceLength),
  );
  return [...whole, text.slice(-pieceLength)];
}

/**
 * Sorted texts of at least the length of a prefix: a binary search finds the longest that begins at a position. A table
 * of prefix hashes rules out most positions first.
 */
class Group {
  private readonly sorted: string[];
  /** By index: the longest other text that is a prefix of this one, or -1. */
  private readonly shorter: Int32Array;
  private readonly prefixes: Uint8Array;

  constructor(
    texts: readonly string[],
    private readonly prefix: number,
  ) {
    this.sorted = [...texts].sort((a, b) => (a < b ? -1 : 1));
    this.shorter = new Int32Array(this.sorted.length);
    this.prefixes = new Uint8Array(2 ** Math.min(24, Math.ceil(Math.log2(this.sorted.length * 16 + 1))));
    for (const [index, text] of this.sorted.entries()) {
      this.prefixes[this.bucketAt(text, 0)] = 1;
      let shorter = index - 1;
      while (shorter >= 0 && !text.startsWith(this.sorted[shorter]!)) shorter = this.shorter[shorter]!;
      this.shorter[index] = shorter;
    }
  }

  get size(): number {
    return this.sorted.length;
  }

  /** Length of the longest text that begins at a position; 0 if none does. */
  longestAt(text: string, place: number): number {
    if (place + this.prefix > text.length || this.prefixes[this.bucketAt(text, place)] === 0) return 0;
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBehind(this.sorted[middle]!, text, place)) high = middle;
      else low = middle + 1;
    }
    let index = low - 1;
    const common = index < 0 ? 0 : commonLength(this.sorted[index]!, text, place);
    while (index >= 0 && this.sorted[index]!.length > common) index = this.shorter[index]!;
    return index < 0 ? 0 : this.sorted[index]!.length;
  }

  private bucketAt(text: string, place: number): number {
    let hash = 0;
    for (let offset = 0; offset < this.prefix; offset += 1)
      hash = Math.imul(hash ^ text.charCodeAt(place + offset), 0x5bd1e995);
    return (hash ^ (hash >>> 15)) & (this.prefixes.length - 1);
  }
}

function commonLength(one: string, text: string, place: number): number {
  const most = Math.min(one.length, text.length - place);
  let length = 0;
  while (length < most && one.charCodeAt(length) === text.charCodeAt(place + length)) length += 1;
  return length;
}

/** True if it sorts after the text at a position. */
function isBehind(one: string, text: string, place: number): boolean {
  const common = commonLength(one, text, place);
  if (common === one.length) return false;
  return place + common === text.length || one.charCodeAt(common) > text.charCodeAt(place + common);
}
