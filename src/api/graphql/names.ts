import type { Route } from '../route';

/** Names of fields. Each route is a field: a read is a query, everything else a mutation. */

const inEnvironment = '/environments/:stack/:environment';

type Named = Pick<Route, 'method' | 'path'>;

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
  [`POST ${inEnvironment}/logs`]: 'logLines',
  [`POST ${inEnvironment}/deployments/:deployment/amendments`]: 'amendDeployment',
  [`POST ${inEnvironment}/deployments/:deployment/adoption`]: 'adoptDeployment',
  [`POST ${inEnvironment}/schedules`]: 'createSchedule',
  [`POST ${inEnvironment}/schedules/:schedule/runs`]: 'runSchedule',
  [`POST ${inEnvironment}/schedules/:schedule/backfills`]: 'backfillSchedule',
  [`POST ${inEnvironment}/secrets/resealing`]: 'resealSecrets',
  [`POST ${inEnvironment}/instances/:instance/sessions`]: 'openSession',
  [`POST ${inEnvironment}/instances/:instance/sessions/:session/messages`]: 'sendToSession',
  'GET /audit': 'installationAudit',
  'GET /sealing-key': 'installationSealingKey',
  'PUT /registries/:registry': 'loginRegistry',
  'DELETE /registries/:registry': 'logoutRegistry',
  'POST /registries/resealing': 'resealRegistries',
  'PUT /builds/current': 'promoteBuild',
  'PUT /access/roles': 'grantRole',
  'DELETE /access/roles': 'withdrawRole',
  'POST /access/tokens': 'createToken',
  'DELETE /access/tokens/:token': 'revokeToken',
  'DELETE /sessions/:login': 'endSession',
  'DELETE /access/sessions/:login': 'revokeSession',
  'POST /access/users': 'addUser',
  'POST /access/users/:user/invitation': 'inviteUser',
  'POST /access/users/:user/reset': 'resetUser',
  'PUT /access/users/:user/disabled': 'disableUser',
  'DELETE /access/users/:user/disabled': 'enableUser',
  'DELETE /access/users/:user': 'removeUser',
  'PUT /access/second-factor': 'requireSecondFactor',
};

const prefixes = { GET: '', POST: 'create', PUT: 'set', DELETE: 'delete' } as const;

/** The names of routes. Of two with the same one, the later has its whole path in it. */
export function namesOf<R extends Named>(routes: readonly R[]): Map<R, string> {
  const names = new Map<R, string>();
  const taken = new Set<string>();
  for (const route of routes) {
    const [short, long] = [fieldOf(route), camel([route.method.toLowerCase(), ...route.path.split(/[/:]+/)])];
    const name = taken.has(short) ? long : short;
    taken.add(name);
    names.set(route, name);
  }
  return names;
}

/** `GET …/deployments/:deployment/result` is `deploymentResult`. */
function fieldOf({ method, path }: Named): string {
  return verbs[`${method} ${path}`] ?? camel([prefixes[method], ...nounsOf(path)]);
}

/** True for a route about an environment, which is a field of the environment too. */
export function belongsToEnvironment({ method, path }: Named): boolean {
  return method === 'GET' && path.startsWith(`${inEnvironment}/`);
}

export function isEnvironment({ method, path }: Named): boolean {
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
