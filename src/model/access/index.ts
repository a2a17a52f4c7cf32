export * from './actions';
export * from './bindings';
export * from './sessions';
