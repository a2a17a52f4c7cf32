import { isName } from '../model/names';
import type { GivenSecrets } from '../model/instance';
import type { LoadOptions } from './load-options';
import type { Finding } from './problems';
import { isData } from './read/overlay';

/** The secrets of a file that its environment has to store. */
export interface DeclaredStored {
  /** Names of those that `--secret` gives instead. */
  given: string[];
  sealing: GivenSecrets;
  /** Names of those that may be stored. */
  missing: string[];
  /** Those that are not stored. */
  findings: Finding[];
}

/** Looks up secrets with `stored` among those that `--secret` gives, and those that are stored. */
export function storedIn(data: unknown, { secrets = {}, stored }: LoadOptions): DeclaredStored {
  const all = declaredIn(data);
  const given = all.filter(({ name }) => Object.hasOwn(secrets, name));
  const others = all.filter(({ name }) => !Object.hasOwn(secrets, name));
  const absent = stored === undefined ? [] : others.filter(({ name }) => !stored.includes(name));
  return {
    given: given.map(({ name }) => name),
    sealing: Object.fromEntries(given.map(({ key, name }) => [key, secrets[name]!])),
    missing: others.map(({ name }) => name),
    findings: absent.map(({ key, name }) => ({
      path: ['secrets', key],
      message: `${name} is not stored for this environment; store it with \`deploy-code secret set ${name}\``,
    })),
  };
}

function declaredIn(data: unknown): { key: string; name: string }[] {
  const declared = isData(data) && isData(data.secrets) ? data.secrets : {};
  return Object.entries(declared).flatMap(([key, secret]) => {
    const stored = isData(secret) ? secret.stored : undefined;
    const name = stored === true ? key : stored;
    return isName('stored', name) ? [{ key, name }] : [];
  });
}

/** Variables of this machine that builds of a stack file take as secrets. */
export function variablesOfBuilds(data: unknown): string[] {
  if (!isData(data) || !isData(data.secrets) || !isData(data.services)) return [];
  const { secrets } = data;
  const uses = Object.values(data.services).flatMap((service) =>
    isData(service) && isData(service.build) && Array.isArray(service.build.secrets) ? service.build.secrets : [],
  );
  return uses.flatMap((use: unknown) => {
    const secret = secrets[String(isData(use) ? use.source : use)];
    return isData(secret) && typeof secret.environment === 'string' ? [secret.environment] : [];
  });
}
