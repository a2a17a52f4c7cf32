import type { Service } from '../../config/stack';
import { recreate } from './recreate';
import type { Strategy } from './strategy';

export const strategies: Record<Service['strategy'], Strategy> = { recreate };
