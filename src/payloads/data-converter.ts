import type { DataConverter } from '@temporalio/common';
import { payloadCodec, type CodecOptions } from './codec';
import { keysOf, type KeyRing } from './keys';

/**
 * How the worker and every client write to Temporal and read from it. Without a key messages of failures stay readable
 * in its UI.
 */
export function dataConverter(
  keys: KeyRing | undefined = keysOf(process.env),
  options: CodecOptions = {},
): DataConverter {
  return {
    payloadCodecs: [payloadCodec(keys, options)],
    ...(keys && { failureConverterPath: require.resolve('./failures') }),
  };
}
