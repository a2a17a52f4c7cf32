/** Ids, messages and payloads of the workflows: what the client and the workflows say to each other. */
export * from './act';
export * from './deployment';
export * from './environment';
export * from './fleet';
export * from './freeze';
export * from './host';
export * from './outcome';
export * from './place';
export * from './progress';
export * from './release';
export * from './schedule';
export * from './watch';
