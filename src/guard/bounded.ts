/**
 * Everything that comes out of a stream, as one buffer.
 * @throws what `tooLarge` gives as soon as there are more bytes than `largest`
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
