export { deployment } from './deployment';
export { environment } from './environment';
export { inspect } from './inspect';
export { redeploy } from './redeploy';
export { release } from './release';
