import { seal, sealableText } from '../guard/sealing';
import type { SealingKey, SealingValues, SecretSource } from '../model/instance';
import type { Stack } from '../model/stack';
import { replaceSources } from '../model/stack/secret-sources';

/** The stack with values as sealed secrets, which only the engine with this key can open, and only for this stack. */
export function withSealed(stack: Stack, values: SealingValues, key: SealingKey): Stack {
  const { name: stackName, environment } = stack;
  const sources = new Map<string, SecretSource>(
    Object.entries(values).map(([name, value]) => [
      name,
      { sealed: seal(sealableText(value), key, { stack: stackName, environment, name }) },
    ]),
  );
  return replaceSources(stack, (name, source) => sources.get(name) ?? source);
}
