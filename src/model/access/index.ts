export * from './actions';
export * from './bindings';
export * from './sessions';
export * from './lockout';
export * from './statements';
