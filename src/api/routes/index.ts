import type { Route } from '../route';
import { controlRoutes } from './controls';
import { deploymentRoutes } from './deployments';
import { environmentRoutes } from './environments';
import { installationRoutes } from './installation';

/** Every route of the API, below `/api/v1`. */
export const routes: readonly Route[] = [
  ...environmentRoutes,
  ...deploymentRoutes,
  ...controlRoutes,
  ...installationRoutes,
];
