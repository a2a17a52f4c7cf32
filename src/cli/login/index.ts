export { refreshSession, revokeSession, type ServerTokens } from '../../client/access/remote-login';
export { logInByBrowser, type BrowserLoginOptions } from './browser';
export { logInByDevice, type DeviceCode, type DeviceLoginOptions } from './device';
export { hasBrowser, openBrowser } from './open-browser';
