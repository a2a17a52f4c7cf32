import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { isData } from './overlay';
import { StackFileError, type Problem } from '../problems';
import { spellings } from './compose-spellings';
import { eachNode, prepareNodes } from './nodes';

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
  /** Line and column (from 1) of a path, or of the longest part of it that the file has. */
  locate(path: (string | number)[]): { line: number; column: number; depth: number };
}

/**
 * Parses a file. As in Compose, `!reset` in an overlay removes values of earlier files, and `!override` replaces them.
 * @throws StackFileError with every syntax error, duplicate key and unknown tag of the file
 */
export function parseYaml(file: string, text: string, role: 'base' | 'overlay' = 'base'): SourceDocument {
  refuseDeepNesting(file, text);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, logLevel: 'silent' });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = withoutConsequences(document.errors).map((error) => ({
    file,
    ...place(error.pos[0]),
    path: '',
    message: readable(error.code, error.message, text.split('\n')[place(error.pos[0]).line - 1] ?? ''),
  }));
  if (problems.length === 0)
    problems.push(
      ...[...aliasProblems(document), ...unusableNodes(document)].map(({ offset, message }) => ({
        file,
        ...place(offset),
        path: '',
        message,
      })),
    );
  if (problems.length > 0) throw new StackFileError(problems.slice(0, 50));
  prepareNodes(document, role);

  const data = toData(file, document);
  return {
    file,
    data,
    overriding: overriding(document, data),
    locate(path) {
      const found = walk(document, path);
      return { ...place(found.offset), depth: found.depth };
    },
  };
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

/** Finds unknown tags, and `__proto__`, which JavaScript would drop silently as a key. */
function unusableNodes(document: Document): { offset: number; message: string }[] {
  const problems: { offset: number; message: string }[] = [];
  const add = (node: Node, message: string) => problems.push({ offset: node.range?.[0] ?? 0, message });
  eachNode(document.contents, (node) => {
    const tag = node.tag?.replace('tag:yaml.org,2002:', '!!');
    if (tag !== undefined && !tags.has(tag))
      add(node, `the tag ${tag} is not supported; remove it, and write the value out`);
    if (!isMap(node)) return;
    for (const { key } of node.items)
      if (isScalar(key) && key.value === '__proto__') add(key, '__proto__ cannot be a key; choose another name');
  });
  return problems;
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

interface Found {
  offset: number;
  depth: number;
}

function walk(document: Document, path: (string | number)[]): Found {
  let node = resolve(document.contents, document);
  let found: Found = { offset: node?.range?.[0] ?? 0, depth: 0 };
  for (const [index, key] of path.entries()) {
    const step = child(node, key, document);
    if (!step) break;
    found = { offset: step.offset, depth: index + 1 };
    node = step.value;
  }
  return found;
}

interface Step {
  offset: number;
  value: Node | null;
}

function child(node: Node | null, key: string | number, document: Document): Step | undefined {
  if (isSeq(node)) {
    const item = (node.items as Node[]).find((each, index) => index === key || (isScalar(each) && each.value === key));
    return item && { offset: item.range?.[0] ?? 0, value: resolve(item, document) };
  }
  if (!isMap(node)) return undefined;
  const wanted = spellings(String(key));
  for (const pair of node.items) {
    if (isScalar(pair.key) && wanted.includes(String(pair.key.value))) {
      return { offset: pair.key.range?.[0] ?? 0, value: resolve(pair.value as Node | null, document) };
    }
  }
  return mergedChild(node.items, key, document);
}

function mergedChild(
  items: { key: unknown; value: unknown }[],
  key: string | number,
  document: Document,
): Step | undefined {
  for (const pair of items) {
    const isMerge = isScalar(pair.key) && (pair.key.value === '<<' || typeof pair.key.value === 'symbol');
    if (!isMerge) continue;
    const source = resolve(pair.value as Node | null, document);
    const candidates = isSeq(source) ? (source.items as Node[]) : [source];
    for (const candidate of candidates) {
      const found = child(resolve(candidate, document), key, document);
      if (found) return found;
    }
  }
  return undefined;
}

function resolve(node: Node | null | undefined, document: Document): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : (node ?? null);
}
