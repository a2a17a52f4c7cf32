import { Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { isData } from './overlay';
import { StackFileError, type Finding, type Problem } from '../problems';
import { eachNode, prepareNodes } from './nodes';
import { walk } from './locate';

const deepest = 100;
/** Most keys and values with all aliases expanded; a file of 157 services has about 10,000. */
const largestExpansion = 500_000;

const tags = new Set(['!!map', '!!seq', '!!str', '!!int', '!!float', '!!bool', '!!null', '!override', '!reset']);

/** A YAML file as data, with the positions of its keys. */
export interface SourceDocument {
  file: string;
  data: unknown;
  /** Maps with `!override`: they replace those of earlier files instead of being merged. */
  overriding: WeakSet<object>;
  /** Tags that mean nothing here. */
  notes: { line: number; column: number; message: string }[];
  /** Paths with `!reset` or `!override`: values of earlier files go. */
  cleared: string[][];
  /** Line and column (from 1) of a path, or of the longest part of it that the file has. */
  locate(path: (string | number)[]): { line: number; column: number; depth: number };
}

/** The error of a file with these findings, each with its line and column. */
export function errorAt(document: SourceDocument, findings: readonly Finding[]): StackFileError {
  const { file } = document;
  return new StackFileError(
    findings.map(({ path, message }) => ({ file, ...document.locate(path), path: path.join('.'), message })),
  );
}

/**
 * Parses a file with one document. As in Compose, `!reset` in an overlay removes values of earlier files, and
 * `!override` replaces them.
 * @throws StackFileError with every syntax error, duplicate key and unknown tag of the file
 */
export function parseYaml(file: string, text: string, role: 'base' | 'overlay' = 'base'): SourceDocument {
  const parsed = parseDocuments(file, text);
  const [document = new Document(null), second] = parsed.documents;
  if (second)
    throw new StackFileError([
      {
        file,
        ...parsed.place(second.range[0]),
        path: '',
        message: 'a second document begins here; keep one, or write a file for each',
      },
    ]);
  return toSource(file, parsed, document, role);
}

/**
 * Parses a file with any number of documents, each of which overrides those before.
 * @throws StackFileError with every syntax error, duplicate key and unknown tag of the file
 */
export function parseYamlDocuments(file: string, text: string): SourceDocument[] {
  const parsed = parseDocuments(file, text, 'any');
  return parsed.documents.map((document) => toSource(file, parsed, document, 'base'));
}

interface Parsed {
  documents: Document.Parsed[];
  place: Place;
  /** False if no node has a tag. */
  hasTags: boolean;
}

function parseDocuments(file: string, text: string, tags: 'known' | 'any' = 'known'): Parsed {
  refuseDeepNesting(file, text);
  const lines = new LineCounter();
  const documents = [
    ...parseAllDocuments(text, { lineCounter: lines, merge: true, prettyErrors: false, logLevel: 'silent' }),
  ] as Document.Parsed[];
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems = documents.flatMap((document) => problemsOf(document, file, text, place, tags));
  if (problems.length > 0) throw new StackFileError(problems.slice(0, 50));
  return { documents, place, hasTags: text.includes('!') };
}

type Place = (offset: number) => { line: number; column: number };

function problemsOf(document: Document, file: string, text: string, place: Place, tags: 'known' | 'any'): Problem[] {
  const malformed = withoutConsequences(document.errors).map((error) => ({
    file,
    ...place(error.pos[0]),
    path: '',
    message: readable(error.code, error.message, text.split('\n')[place(error.pos[0]).line - 1] ?? ''),
  }));
  if (malformed.length > 0) return malformed;
  const unusable = [
    ...(mayHoldAliases(text) ? aliasProblems(document) : []),
    ...(mayHoldReserved(text) ? reservedKeys(document) : []),
    ...(tags === 'known' && text.includes('!') ? unknownTags(document) : []),
  ];
  return unusable.map(({ offset, message }) => ({
    file,
    ...place(offset),
    path: '',
    message,
  }));
}

/** A text without aliases has no more values than characters. Most files need no look at each of their nodes. */
function mayHoldAliases(text: string): boolean {
  return text.includes('*') || text.length > largestExpansion;
}

/** Escapes can write any key. */
function mayHoldReserved(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\');
}

function toSource(file: string, parsed: Parsed, document: Document, role: 'base' | 'overlay'): SourceDocument {
  const { place, hasTags } = parsed;
  const cleared = hasTags ? clearedPaths(document) : [];
  prepareNodes(document, role);
  const data = toData(file, document);
  const notes = hasTags ? unknownTags(document, ['!!binary']) : [];
  return {
    file,
    data,
    cleared,
    notes: notes.map(({ offset, message }) => ({ ...place(offset), message })),
    overriding: hasTags ? overriding(document, data) : new WeakSet(),
    locate(path) {
      const found = walk(document, path);
      return { ...place(found.offset), depth: found.depth };
    },
  };
}

/** Paths with `!reset` or `!override`. */
function clearedPaths(document: Document): string[][] {
  const found: string[][] = [];
  eachNode(document.contents, (node, path) => {
    if (!isMap(node)) return;
    for (const { key, value } of node.items as { key: Node; value: Node | null }[])
      if (isScalar(key) && (value?.tag === '!reset' || value?.tag === '!override'))
        found.push([...path, String(key.value)].filter((part) => part !== '<<'));
  });
  return found;
}

/** Maps with `!override` in the data. */
function overriding(document: Document, data: unknown): WeakSet<object> {
  const found = new WeakSet<object>();
  eachNode(document.contents, (node, path) => {
    if (!isMap(node) || node.tag !== '!override') return;
    const value = path.reduce<unknown>((below, key) => (isData(below) ? below[key] : undefined), data);
    if (isData(value)) found.add(value);
  });
  return found;
}

function readable(code: string, message: string, line: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is twice in the same map; keep one of them';
  if (code === 'UNEXPECTED_TOKEN' && /[{[,].*\$\{/.test(line))
    return 'is not valid YAML: a value with ${…} inside {} or [] needs quotes';
  return `is not valid YAML: ${message}`;
}

/** Drops errors that follow from the first syntax error. */
function withoutConsequences<T extends { code: string }>(errors: readonly T[]): T[] {
  const first = errors.find(({ code }) => code === 'UNEXPECTED_TOKEN');
  return first ? errors.filter((error) => error === first || error.code === 'DUPLICATE_KEY') : [...errors];
}

/** Finds aliases without an anchor, anchors that contain themselves, and expansions that are too large. */
function aliasProblems(document: Document): { offset: number; message: string }[] {
  const problems: { offset: number; message: string }[] = [];
  const sizes = new Map<Node, number>();
  const ancestors = new Set<Node>();
  const size = (node: unknown): number => {
    if (isAlias(node)) {
      const target = node.resolve(document);
      const offset = node.range?.[0] ?? 0;
      if (!target)
        problems.push({
          offset,
          message: `there is no anchor &${node.source} above this line; define it, or correct its name`,
        });
      else if (ancestors.has(target))
        problems.push({ offset, message: `the anchor &${node.source} contains itself; write its content out` });
      else return size(target);
      return 1;
    }
    if (!isMap(node) && !isSeq(node)) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    ancestors.add(node);
    const items = isMap(node) ? node.items.map(({ value }) => value) : node.items;
    const total = items.reduce<number>((sum, item) => sum + 1 + size(item), 1);
    ancestors.delete(node);
    sizes.set(node, total);
    return total;
  };
  if (size(document.contents) > largestExpansion)
    problems.push({ offset: 0, message: 'its anchors and aliases expand to too many values; use fewer aliases' });
  return problems;
}

type Note = { offset: number; message: string };

function unknownTags(document: Document, more: readonly string[] = []): Note[] {
  const found: Note[] = [];
  eachNode(document.contents, (node) => {
    const tag = node.tag?.replace('tag:yaml.org,2002:', '!!');
    if (tag !== undefined && !tags.has(tag) && !more.includes(tag))
      found.push({
        offset: node.range?.[0] ?? 0,
        message: `the tag ${tag} is not supported; remove it, and write the value out`,
      });
  });
  return found;
}

/** Finds `__proto__`, which JavaScript would drop silently as a key. */
function reservedKeys(document: Document): Note[] {
  const found: Note[] = [];
  eachNode(document.contents, (node) => {
    if (!isMap(node)) return;
    for (const { key } of node.items)
      if (isScalar(key) && key.value === '__proto__')
        found.push({ offset: key.range?.[0] ?? 0, message: '__proto__ cannot be a key; choose another name' });
  });
  return found;
}

function toData(file: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: -1 });
  } catch (error) {
    throw new StackFileError([{ file, path: '', message: `cannot be read: ${(error as Error).message}` }]);
  }
}

/** The parser recurses once per level, so a hostile file could overflow the stack. */
function refuseDeepNesting(file: string, text: string): void {
  let depth = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const indent = line.length - line.replace(/^[\s\-?]+/, '').length;
    for (const character of line) {
      if (character === '[' || character === '{') depth += 1;
      else if ((character === ']' || character === '}') && depth > 0) depth -= 1;
    }
    if (depth > deepest || indent > deepest * 4) {
      throw new StackFileError([
        {
          file,
          line: index + 1,
          column: 1,
          path: '',
          message: `is nested more than ${deepest} levels deep; use fewer levels`,
        },
      ]);
    }
  }
}
