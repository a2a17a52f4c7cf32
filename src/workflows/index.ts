export { deployment } from './deployment';
export { environment } from './environment';
export { inspect } from './inspect';
export { release } from './release';
