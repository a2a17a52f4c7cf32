import type { DataConverter } from '@temporalio/common';
import { payloadCodec, type CodecOptions } from './codec';
import { keysOf, type KeyRing } from './keys';

/**
 * The data converter of the worker and all clients. Without a key, failure messages stay readable in the Temporal UI.
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
