/** Ids, messages and payloads of workflows, shared with the client. */
export type { Cause, IntentKind, Outcome, Status } from '../../model/deployment';
export type { ProgressEvent } from '../../model/events';
export * from './access';
export * from './act';
export * from './deployment';
export * from './environment';
export * from './fleet';
export * from './freeze';
export * from './host';
export * from './place';
export * from './progress';
export * from './registry';
export * from './release';
export * from './session';
export * from './stored-secrets';
export * from './traffic/certificates';
export * from './traffic/shared-balancer';
export * from './watch';
