export { deployment } from './deployment';
export { environment } from './environment';
export { fleet } from './fleet';
export { inspect } from './inspect';
export { notify } from './notify';
export { redeploy } from './redeploy';
export { release } from './release';
