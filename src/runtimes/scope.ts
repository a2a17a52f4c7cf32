import { RuntimeError, type Scope } from './runtime';

type SpecIdentity = Pick<Scope, 'stack' | 'environment'> & { name: string; hash: string };

/** `shop/staging`: how people call an environment. */
export function scopeName({ stack, environment }: Pick<Scope, 'stack' | 'environment'>): string {
  return `${stack}/${environment}`;
}

/** Whether two scopes are the same stack in the same environment. */
export function isSameScope(
  one: Pick<Scope, 'stack' | 'environment'>,
  other: Pick<Scope, 'stack' | 'environment'>,
): boolean {
  return one.stack === other.stack && one.environment === other.environment;
}

/** Refuses to make an instance for another environment than the one that asks. */
export function mustBeWithin(scope: Scope, spec: Pick<Scope, 'stack' | 'environment'> & { name: string }): void {
  if (isSameScope(scope, spec)) return;
  throw new RuntimeError(
    'software',
    `${spec.name} belongs to ${scopeName(spec)}; it cannot be made for ${scopeName(scope)}`,
  );
}

/** Refuses a name that an instance of another environment, or of another version of the service, has taken. */
export function refuseTaken(scope: Scope, spec: SpecIdentity, found: SpecIdentity): void {
  if (!isSameScope(scope, found)) throw foreign(`the name ${spec.name} is taken by an instance of ${scopeName(found)}`);
  if (found.hash === spec.hash) return;
  throw new RuntimeError('software', `an instance named ${spec.name} exists, made from another version of the service`);
}

/** Another one's thing has the name of an instance that was to be made. */
export function foreign(message: string): RuntimeError {
  return Object.assign(new RuntimeError('software', message), { reason: 'foreign' as const });
}

/** What is missing, or carries the labels of somebody else: for the caller there is no difference. */
export function missing(kind: 'instance' | 'network' | 'volume', name: string, scope: Scope): RuntimeError {
  return new RuntimeError('missing', `${scopeName(scope)} has no ${kind} ${name}`);
}
