import { z } from 'zod';
import { keyIdOf, openedOf, seal, sealingKeyOf, SealProblem, unseal } from '../../guard/sealing';
import { isName } from '../../model/names';
import { parseJson } from '../../model/text/json';
import { RuntimeError, type RegistryLogin, type RegistryLogins } from '../../runtimes/runtime';
import { SoftwareFault } from '../failures';
import type { InstallationKeys } from './installation-key';

const content = z.object({ user: z.string(), password: z.string() });

/** Opens the login that a client has sealed for a registry. @throws SoftwareFault if this worker cannot */
export function openLogin(keys: InstallationKeys, registry: string, sealed: string): RegistryLogin {
  const parsed = content.safeParse(parseJson(openedOf(opened(keys, registry, sealed)).value.toString()));
  if (parsed.success) return parsed.data;
  throw new SoftwareFault(`the login at ${registry} is not one; ${again(registry)}`);
}

/** Seals logins with the current key; returns those that had a former one. @throws SoftwareFault */
export function resealLogins(keys: InstallationKeys, sealed: Record<string, string>): Record<string, string> {
  const key = sealingKeyOf(keys[0]);
  const outdated = Object.entries(sealed).filter(([, each]) => keyIdOf(each) !== key.id);
  return Object.fromEntries(
    outdated.map(([registry, each]) => [registry, seal(opened(keys, registry, each), key, { registry })]),
  );
}

/** The logins that Temporal keeps for all workers, read at each use. */
export class InstallationLogins implements RegistryLogins {
  constructor(
    private readonly gateway: { sealedLogin(registry: string): Promise<string | undefined> },
    private readonly secrets: { openLogin(registry: string, sealed: string): RegistryLogin },
  ) {}

  async at(registry: string): Promise<RegistryLogin | undefined> {
    if (!isName('registry', registry)) return undefined;
    const sealed = await this.gateway.sealedLogin(registry).catch((error: Error) => {
      throw new RuntimeError('platform', `the login at ${registry} cannot be read from Temporal: ${error.message}`, {
        cause: error,
      });
    });
    return sealed === undefined ? undefined : this.secrets.openLogin(registry, sealed);
  }
}

function opened(keys: InstallationKeys, registry: string, sealed: string): Buffer {
  try {
    return unseal(sealed, keys, { registry });
  } catch (error) {
    if (!(error instanceof SealProblem)) throw error;
    throw new SoftwareFault(`the login at ${registry} ${error.message}; ${again(registry)}`);
  }
}

function again(registry: string): string {
  return `log in again with \`deploy-code registry login ${registry}\``;
}
