import type { DataConverter } from '@temporalio/common';
import { payloadCodec } from './codec';
import { keysOf, type KeyRing } from './keys';

/** How the worker and every client write to Temporal and read from it. Without a key messages of failures stay readable in its UI. */
export function dataConverter(keys: KeyRing | undefined = keysOf(process.env)): DataConverter {
  return { payloadCodecs: [payloadCodec(keys)], ...(keys && { failureConverterPath: require.resolve('./failures') }) };
}
