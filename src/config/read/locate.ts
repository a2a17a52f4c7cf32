import { type Document, isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import { spellings } from './compose-spellings';

interface Found {
  offset: number;
  depth: number;
}

/** The offset of a path, or of the longest part of it that the document has. */
export function walk(document: Document, path: (string | number)[]): Found {
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
