import { conceal } from '../model/text/marks';
import type { LoadedStack } from './load-options';
import type { SourceDocument } from './read/document';

/** Locates a path in the file that has the longest part of it; an overlay wins over the stack file. */
export function locator(documents: SourceDocument[], first: string): LoadedStack['problem'] {
  return (path, message) => {
    if (documents.length === 0) return { file: first, path: conceal(path.join('.')), message: conceal(message) };
    const places = documents.map((document) => ({ file: document.file, ...document.locate(path) }));
    const { depth: _, ...place } = places.reduce((best, next) =>
      next.depth >= best.depth && next.depth > 0 ? next : best,
    );
    return { ...place, path: conceal(path.join('.')), message: conceal(message) };
  };
}
