import type { Route } from '../route';
import { controlRoutes } from './controls';
import { deploymentRoutes, eventsRoute } from './deployments';
import { environmentRoutes } from './environments';
import { installationRoutes } from './installation';

/** Every route of the API that is answered at once, below `/api/v1`. */
export const routes: readonly Route[] = [
  ...environmentRoutes,
  ...deploymentRoutes,
  ...controlRoutes,
  ...installationRoutes,
];

/** Those, and the stream of events. */
export const allRoutes: readonly Omit<Route, 'answer' | 'handle'>[] = [...routes, eventsRoute];
