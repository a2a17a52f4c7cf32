import type { ResourceAmounts } from '../../../model/instance';
import { toBytes } from '../../schema/values';

export interface AmountsInput {
  cpus?: number;
  memory?: number | string;
  gpus?: number;
  storage?: number | string;
}

/** Resources in cores (`cpus`), bytes (`memory`, `storage`) and devices (`gpus`). */
export function toAmounts({ cpus, memory, gpus, storage }: AmountsInput = {}): ResourceAmounts {
  return {
    ...(cpus !== undefined && { cpus }),
    ...(memory !== undefined && { memory: toBytes(memory) }),
    ...(gpus !== undefined && { gpus }),
    ...(storage !== undefined && { storage: toBytes(storage) }),
  };
}
