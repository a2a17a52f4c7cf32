import { conceal } from '../model/text/marks';
import type { LoadedStack } from './load-options';
import type { SourceDocument } from './read/document';

type Path = (string | number)[];

/**
 * Locates a path in the file that has the longest part of it; an overlay wins over the stack file.
 * @param spellings ways to write a path of a stack file, the preferred one first
 */
export function locator(
  documents: SourceDocument[],
  first: string,
  spellings: (path: Path) => Path[] = (path) => [path],
): LoadedStack['problem'] {
  return (path, message) => {
    if (documents.length === 0) return { file: first, path: conceal(path.join('.')), message: conceal(message) };
    const found = spellings(path).map((written) => ({ written, place: longestPart(documents, written) }));
    const whole = found.find(({ written, place }) => place.depth === written.length);
    const score = ({ written, place }: (typeof found)[number]) => place.depth - (written.length - path.length);
    const asGiven = { written: path, place: longestPart(documents, path) };
    const longest = found.reduce((best, next) => (score(next) > score(best) ? next : best), asGiven);
    const { written, place } = whole ?? longest;
    const { depth: _, ...rest } = place;
    return { ...rest, path: conceal(written.join('.')), message: conceal(message) };
  };
}

function longestPart(documents: SourceDocument[], path: Path) {
  const places = documents.map((document) => ({ file: document.file, ...document.locate(path) }));
  return places.reduce((best, next) => (next.depth >= best.depth && next.depth > 0 ? next : best));
}
