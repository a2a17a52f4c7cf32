import { seal, sealableText } from '../guard/sealing';
import type { SecretSource } from '../model/instance';
import type { SealingKey, SealingValues } from '../model/instance';
import type { Stack } from '../model/stack';

/** The stack with values as sealed secrets, which only the engine with this key can open, and only for this stack. */
export function withSealed(stack: Stack, values: SealingValues, key: SealingKey): Stack {
  const { name: stackName, environment } = stack;
  const sources = new Map<string, SecretSource>(
    Object.entries(values).map(([name, value]) => [
      name,
      { sealed: seal(sealableText(value), key, { stack: stackName, environment, name }) },
    ]),
  );
  const secrets = Object.entries(stack.secrets).map(([name, source]) => [name, sources.get(name) ?? source]);
  const services = Object.entries(stack.services).map(([service, settings]) => [
    service,
    {
      ...settings,
      secrets: settings.secrets.map((mount) => ({ ...mount, source: sources.get(mount.name) ?? mount.source })),
    },
  ]);
  return {
    ...stack,
    secrets: Object.fromEntries(secrets) as Stack['secrets'],
    services: Object.fromEntries(services) as Stack['services'],
  };
}
