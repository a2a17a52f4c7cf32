export { listenForLive } from './live/live-port';
export { ApiMetrics } from './metrics';
export { createApiServer, type ServerOptions } from './server';
