import { isAlias, isMap, isScalar, isSeq, Scalar, type Document, type Node, type YAMLMap } from 'yaml';

/** The keys of maps that lead to a node; entries of lists are not in it. */
type KeyPath = readonly string[];

/** Calls back for every node, keys included. Far quicker than the `visit` of the library. */
export function eachNode(node: Node | null, callback: (node: Node, path: KeyPath) => void, path: KeyPath = []): void {
  if (!node) return;
  callback(node, path);
  if (isSeq(node)) for (const item of node.items) eachNode(item as Node | null, callback, path);
  if (!isMap(node)) return;
  for (const { key, value } of node.items as YAMLMap<Node | null, Node | null>['items']) {
    eachNode(key, callback, path);
    eachNode(value, callback, isScalar(key) && value && !isScalar(value) ? [...path, String(key.value)] : path);
  }
}

/**
 * Prepares the nodes of a document for its conversion to data.
 *
 * - `!reset` becomes null, which an overlay removes; in the base file, the key is removed at once.
 * - File modes stay text, because YAML reads `0440`, `440` and `0o440` differently and all mean the same mode.
 * - Numbers and booleans stay text if YAML would write them differently (`1.10`, `0123`, `1e3`, 20 digits, `True`), so
 *   that an environment variable has the value as written. Keys with numbers convert the text.
 */
export function prepareNodes(document: Document, role: 'base' | 'overlay'): void {
  eachNode(document.contents, (node) => {
    if (isMap(node)) prepareMap(node as YAMLMap<Node | null, Node | null>, document, role);
    else if (isSeq(node)) node.items = node.items.filter((item) => (item as Node | null)?.tag !== '!reset');
    else if (isScalar(node) && node.value instanceof Uint8Array) node.value = Buffer.from(node.value).toString('utf8');
    else if (isScalar(node) && isRewritten(node)) node.value = node.source;
  });
}

function prepareMap(map: YAMLMap<Node | null, Node | null>, document: Document, role: 'base' | 'overlay'): void {
  const isReset = (value: Node | null) => value?.tag === '!reset';
  if (role === 'base' && map.items.some(({ value }) => isReset(value)))
    map.items = map.items.filter(({ value }) => !isReset(value));
  for (const pair of map.items) {
    if (isReset(pair.value)) pair.value = new Scalar(null);
    else if (isScalar(pair.key) && pair.key.value === 'mode') keepMode(pair, document);
  }
}

function keepMode(pair: YAMLMap<Node | null, Node | null>['items'][number], document: Document): void {
  const value = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
  if (!isScalar(value) || typeof value.value !== 'number' || value.source === undefined) return;
  if (isAlias(pair.value)) pair.value = new Scalar(value.source);
  else value.value = value.source;
}

function isRewritten({ value, source }: Scalar): boolean {
  const isRead = typeof value === 'number' || typeof value === 'boolean';
  return isRead && source !== undefined && source !== String(value);
}
