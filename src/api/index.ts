export { ApiMetrics, serveInner } from './inner';
export { createApiServer, type ServerOptions } from './server';
