export { RemoteClient } from './client';
export { AccessDenied } from './problems';
export { originOf, type RemoteConnecting } from './transport';
