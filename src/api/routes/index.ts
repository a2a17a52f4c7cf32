import { overviewRoute } from '../overview/route';
import type { Route } from '../route';
import { buildRoutes } from './builds';
import { controlRoutes } from './controls';
import { deploymentRoutes, eventsRoute } from './deployments';
import { environmentRoutes } from './environments';
import { installationRoutes } from './installation';
import { instanceRoutes } from './instances';
import { logInRoutes } from './log-ins';
import { scheduleRoutes } from './schedules';
import { sessionRoutes } from './sessions';
import { steeringRoutes } from './steering';
import { userRoutes } from './users';

/** Every route of the API that is answered at once, below `/api/v1`. */
export const routes: readonly Route[] = [
  overviewRoute,
  ...environmentRoutes,
  ...instanceRoutes,
  ...deploymentRoutes,
  ...steeringRoutes,
  ...controlRoutes,
  ...scheduleRoutes,
  ...sessionRoutes,
  ...buildRoutes,
  ...installationRoutes,
  ...logInRoutes,
  ...userRoutes,
];

/** Those, and the stream of events. */
export const allRoutes: readonly Omit<Route, 'answer' | 'handle'>[] = [...routes, eventsRoute];
