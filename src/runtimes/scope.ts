import { RuntimeError, type Scope } from './runtime';

type SpecIdentity = Pick<Scope, 'stack' | 'environment'> & { name: string; hash: string };

/** The name of an environment for people: `shop/staging`. */
export function scopeName({ stack, environment }: Pick<Scope, 'stack' | 'environment'>): string {
  return `${stack}/${environment}`;
}

/** True if two scopes are the same stack in the same environment. */
export function isSameScope(
  one: Pick<Scope, 'stack' | 'environment'>,
  other: Pick<Scope, 'stack' | 'environment'>,
): boolean {
  return one.stack === other.stack && one.environment === other.environment;
}

/** Refuses to create an instance for another environment than the scope. */
export function mustBeWithin(scope: Scope, spec: Pick<Scope, 'stack' | 'environment'> & { name: string }): void {
  if (isSameScope(scope, spec)) return;
  throw new RuntimeError(
    'software',
    `${spec.name} belongs to ${scopeName(spec)}; it cannot be created for ${scopeName(scope)}`,
  );
}

/** Refuses a name that an instance of another environment, or of another version of the service, has. */
export function refuseTaken(scope: Scope, spec: SpecIdentity, found: SpecIdentity): void {
  if (!isSameScope(scope, found)) throw foreign(`the name ${spec.name} is taken by an instance of ${scopeName(found)}`);
  if (found.hash === spec.hash) return;
  throw new RuntimeError(
    'software',
    `an instance named ${spec.name} exists, created from another version of the service`,
  );
}

/** The error for a name that an object of another owner has. */
export function foreign(message: string): RuntimeError {
  return Object.assign(new RuntimeError('software', message), { reason: 'foreign' as const });
}

/** The error for an object that is missing or belongs to others: callers need no distinction. */
export function missing(kind: 'instance' | 'network' | 'volume', name: string, scope: Scope): RuntimeError {
  return new RuntimeError('missing', `${scopeName(scope)} has no ${kind} ${name}`);
}
