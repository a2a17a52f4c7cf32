import type { Route } from '../route';

/** Names of fields. Each route is a field: a read is a query, everything else a mutation. */

const inEnvironment = '/environments/:stack/:environment';

/** Verbs that say it better than the name of the route. */
const verbs: Record<string, string> = {
  [`POST ${inEnvironment}/plans`]: 'plan',
  [`POST ${inEnvironment}/deployments`]: 'requestDeployment',
  [`POST ${inEnvironment}/deployments/:deployment/steering`]: 'steerDeployment',
  [`POST ${inEnvironment}/deployments/:deployment/answers`]: 'answerDeployment',
  [`POST ${inEnvironment}/deployments/:deployment/cancellation`]: 'cancelDeployment',
  [`POST ${inEnvironment}/instances/:instance/exec`]: 'exec',
  [`PUT ${inEnvironment}/freeze`]: 'freeze',
  [`DELETE ${inEnvironment}/freeze`]: 'thaw',
  [`PUT ${inEnvironment}/watch/pause`]: 'pauseWatch',
  [`DELETE ${inEnvironment}/watch/pause`]: 'resumeWatch',
  [`PUT ${inEnvironment}/schedules/:schedule/pause`]: 'pauseSchedule',
  [`DELETE ${inEnvironment}/schedules/:schedule/pause`]: 'resumeSchedule',
  [`PUT ${inEnvironment}/secrets/:secret`]: 'storeSecret',
  'PUT /access/roles': 'grantRole',
  'DELETE /access/roles': 'withdrawRole',
  'POST /access/tokens': 'createToken',
  'DELETE /access/tokens/:token': 'revokeToken',
};

/** Reads that need a body. */
const reads = new Set([`POST ${inEnvironment}/plans`]);

const prefixes = { GET: '', POST: 'create', PUT: 'set', DELETE: 'delete' } as const;

export function isRead({ method, path }: Pick<Route, 'method' | 'path'>): boolean {
  return method === 'GET' || reads.has(`${method} ${path}`);
}

/** `GET …/deployments/:deployment/result` is `deploymentResult`. */
export function fieldOf({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return verbs[`${method} ${path}`] ?? camel([prefixes[method], ...nounsOf(path)]);
}

/** True for a route about an environment, which is a field of the environment too. */
export function belongsToEnvironment({ method, path }: Pick<Route, 'method' | 'path'>): boolean {
  return method === 'GET' && path.startsWith(`${inEnvironment}/`);
}

export function isEnvironment({ method, path }: Pick<Route, 'method' | 'path'>): boolean {
  return method === 'GET' && path === inEnvironment;
}

/** The name of what one is called that stands before its own name: `deployments/:deployment` is a deployment. */
function nounsOf(path: string): string[] {
  const local = path === inEnvironment ? '/environments/:environment' : path.replace(`${inEnvironment}/`, '/');
  const parts = local.split('/').slice(1);
  return parts.flatMap((part, index) => {
    const following = parts[index + 1];
    if (part.startsWith(':')) return [];
    return following?.startsWith(':') ? [following.slice(1)] : [part];
  });
}

function camel(words: string[]): string {
  const parts = words.flatMap((word) => word.split('-')).filter(Boolean);
  return parts.map((part, index) => (index === 0 ? part : capital(part))).join('');
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
