/**
 * Reads a stream into one buffer.
 * @throws the error of `tooLarge` as soon as there are more than `largest` bytes
 */
export async function readBounded(
  chunks: AsyncIterable<Buffer>,
  largest: number,
  tooLarge: () => Error,
): Promise<Buffer> {
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > largest) throw tooLarge();
    kept.push(chunk);
  }
  return Buffer.concat(kept);
}
