import { closest, distance } from 'fastest-levenshtein';

/** ` (did you mean "image"?)`, or an empty text if no candidate is similar. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  if (candidates.length === 0) return '';
  const best = closest(word, candidates);
  return distance(word, best) <= Math.max(word.length > 3 ? 2 : 1, Math.floor(word.length / 3))
    ? ` (did you mean "${best}"?)`
    : '';
}
