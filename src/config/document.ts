import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, Scalar, type ScalarTag, visit } from 'yaml';
import { StackFileError, type Problem } from './problems';
import { spellings } from './compose-spellings';

const deepest = 100;
/** Keys and values with every alias written out; 157 services have about 10,000. */
const largestExpansion = 500_000;

/** As in compose, `0400` is octal. */
const octal: ScalarTag = { tag: 'tag:yaml.org,2002:int', default: true, test: /^0[0-7]+$/, resolve: (text) => Number.parseInt(text, 8) };

/** A YAML file, as data and as something that knows where each key stands. */
export interface SourceDocument {
  file: string;
  data: unknown;
  /** Line and column (from 1) of a path, or of the longest part of it that the file has. */
  locate(path: (string | number)[]): { line: number; column: number; depth: number };
}

/** @throws StackFileError with every syntax error and duplicate key of the file */
export function parseYaml(file: string, text: string): SourceDocument {
  refuseDeepNesting(file, text);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, logLevel: 'silent', customTags: (tags) => [octal, ...tags] });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = document.errors.map((error) => ({
    file, ...place(error.pos[0]), path: '', message: readable(error.code, error.message, text.split('\n')[place(error.pos[0]).line - 1] ?? ''),
  }));
  if (problems.length === 0) problems.push(...[...aliasProblems(document), ...lostKeys(document)].map(({ offset, message }) => ({ file, ...place(offset), path: '', message })));
  if (problems.length > 0) throw new StackFileError(problems.slice(0, 50));
  keepModesAsWritten(document);

  return {
    file,
    data: toData(file, document),
    locate(path) {
      const found = walk(document, path);
      return { ...place(found.offset), depth: found.depth };
    },
  };
}

/** The mode of a file is octal, whether YAML takes its digits for a number or not: `0440`, `440` and `0o440` mean the same. */
function keepModesAsWritten(document: Document): void {
  visit(document, {
    Pair: (_, pair) => {
      const value = resolve(pair.value as Node | null, document);
      if (!isScalar(pair.key) || pair.key.value !== 'mode' || !isScalar(value) || typeof value.value !== 'number' || value.source === undefined) return;
      if (isAlias(pair.value)) pair.value = new Scalar(value.source);
      else value.value = value.source;
    },
  });
}

function readable(code: string, message: string, line: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key stands twice in the same map; keep one of them';
  const hint = line.includes('${') ? ' (put values with ${…} in quotes)' : '';
  return `is not valid YAML: ${message}${hint}`;
}

/** Aliases of anchors that do not exist, that contain themselves, or that expand to far too much. */
function aliasProblems(document: Document): { offset: number; message: string }[] {
  const problems: { offset: number; message: string }[] = [];
  const sizes = new Map<Node, number>();
  const open = new Set<Node>();
  const size = (node: unknown): number => {
    if (isAlias(node)) {
      const target = node.resolve(document);
      const offset = node.range?.[0] ?? 0;
      if (!target) problems.push({ offset, message: `there is no anchor &${node.source} above this; define it, or correct its name` });
      else if (open.has(target)) problems.push({ offset, message: `the anchor &${node.source} contains itself` });
      else return size(target);
      return 1;
    }
    if (!isMap(node) && !isSeq(node)) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    open.add(node);
    const items = isMap(node) ? node.items.map(({ value }) => value) : node.items;
    const total = items.reduce<number>((sum, item) => sum + 1 + size(item), 1);
    open.delete(node);
    sizes.set(node, total);
    return total;
  };
  if (size(document.contents) > largestExpansion) problems.push({ offset: 0, message: 'its anchors and aliases expand to far too much; write it out' });
  return problems;
}

/** What JavaScript takes for something else than a key would be lost without a word. */
function lostKeys(document: Document): { offset: number; message: string }[] {
  const problems: { offset: number; message: string }[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (!isScalar(key) || key.value !== '__proto__') return;
      problems.push({ offset: key.range?.[0] ?? 0, message: '__proto__ cannot be a key; choose another name' });
    },
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

/** A parser recurses once per level: a hostile file must not get that far. */
function refuseDeepNesting(file: string, text: string): void {
  let depth = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const indent = line.length - line.replace(/^[\s\-?]+/, '').length;
    for (const character of line) {
      if (character === '[' || character === '{') depth += 1;
      else if ((character === ']' || character === '}') && depth > 0) depth -= 1;
    }
    if (depth > deepest || indent > deepest * 4) {
      throw new StackFileError([{ file, line: index + 1, column: 1, path: '', message: `is nested more than ${deepest} levels deep` }]);
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

function mergedChild(items: { key: unknown; value: unknown }[], key: string | number, document: Document): Step | undefined {
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
