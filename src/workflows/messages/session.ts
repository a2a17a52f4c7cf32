import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { SessionRequest } from '../../model/session';
import { fields, only, optional, partOf, type TypeOf } from './shape';

/** Messages between a client and a command in an instance. They are sealed: the workflow only passes them on. */

export const session = partOf<SessionRequest>({
  key: 'text',
  input: 'flag',
  terminal: optional(fields({ columns: 'count', rows: 'count' })),
});

export const sealed = only({ sealed: 'text' });
export type Sealed = TypeOf<typeof sealed>;

export const toCommandSignal = defineSignal<[Sealed]>('toCommand');
/** The first one is the worker's public key. */
export const fromCommandSignal = defineSignal<[Sealed]>('fromCommand');

/** The messages of one side from an index on, as many as one answer may hold. */
export const sessionQuery = defineQuery<string[], [{ of: 'client' | 'command'; from: number }]>('session');
