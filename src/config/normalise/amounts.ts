import type { ResourceAmounts } from '../../model/instance';
import { toBytes } from '../schema/values';

export interface AmountsInput {
  cpus?: number;
  memory?: number | string;
  gpus?: number;
  storage?: number | string;
}

/** Cores, bytes and pieces. */
export function toAmounts({ cpus, memory, gpus, storage }: AmountsInput = {}): ResourceAmounts {
  return {
    ...(cpus !== undefined && { cpus }),
    ...(memory !== undefined && { memory: toBytes(memory) }),
    ...(gpus !== undefined && { gpus }),
    ...(storage !== undefined && { storage: toBytes(storage) }),
  };
}
