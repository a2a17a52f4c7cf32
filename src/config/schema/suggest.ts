import { closest, distance } from 'fastest-levenshtein';

/** ` (did you mean "image"?)`, or an empty text if no candidate is similar. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const best = mostSimilar(word, candidates);
  return best === undefined ? '' : ` (did you mean "${best}"?)`;
}

/** The candidate that a misspelt word is similar to; undefined if none is. */
export function mostSimilar(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const best = closest(word, candidates);
  const isSimilar = distance(word, best) <= Math.max(word.length > 3 ? 2 : 1, Math.floor(word.length / 3));
  return isSimilar ? best : undefined;
}
