export { deployment } from './deployment';
export { environment } from './environment';
export { inspect } from './inspect';
export { notify } from './notify';
export { redeploy } from './redeploy';
export { release } from './release';
