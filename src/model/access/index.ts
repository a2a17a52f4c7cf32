export * from './actions';
export * from './bindings';
