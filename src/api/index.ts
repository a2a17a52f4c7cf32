export { ApiMetrics } from './metrics';
export { createApiServer, type ServerOptions } from './server';
