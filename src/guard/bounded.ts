/**
 * Reads a stream into one buffer.
 * @throws the error of `tooLarge` as soon as there are more than `largest` bytes
 */
export async function readBounded(
  chunks: AsyncIterable<Uint8Array>,
  largest: number,
  tooLarge: () => Error,
): Promise<Buffer> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > largest) throw tooLarge();
    kept.push(chunk);
  }
  return Buffer.concat(kept);
}

/** Sets an entry of a map that keeps the latest ones only: it never grows without bound. */
export function keepLatest<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most) map.delete(oldest!);
}
