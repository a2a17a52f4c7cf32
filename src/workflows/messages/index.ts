/** Ids, messages and payloads of the workflows: what the client and the workflows say to each other. */
export type { Cause, IntentKind, Outcome, Status } from '../../model/deployment';
export type { ProgressEvent } from '../../model/events';
export * from './act';
export * from './deployment';
export * from './environment';
export * from './fleet';
export * from './freeze';
export * from './host';
export * from './place';
export * from './progress';
export * from './release';
export * from './schedule';
export * from './watch';
