import { loadStack, StackFileError, type LoadedStack, type LoadOptions } from '../config';
import type { DeployCodeClient } from '../client/connect';
import { EngineUnreachable } from '../temporal/errors';
import { placeOf } from '../client/place';
import { checked } from './commands/validate';
import { withClient } from './commands/session';
import { loadPlace, toLoadOptions, type ConnectionOptions, type StackOptions } from './options';

type Attempt = { loaded: LoadedStack } | { error: StackFileError };

/**
 * Runs a function with a connected client, and a stack with the secrets that are stored for it. The engine is asked for
 * their names only if the file uses a variable without a value, or declares a stored secret.
 * @throws StackFileError also without an engine, if the file is not valid
 */
export async function withDeployable<T>(
  options: StackOptions & ConnectionOptions,
  work: (client: DeployCodeClient, loaded: LoadedStack) => Promise<T>,
): Promise<T> {
  const given = await toLoadOptions(options);
  const first = attempt(given);
  if ('error' in first && first.error.missing.length === 0) throw first.error;
  let loaded: LoadedStack | undefined;
  try {
    return await withClient(options, async (client) => {
      loaded = checked(await complete(first, { given, options, client }));
      return work(client, loaded);
    });
  } catch (error) {
    throw 'error' in first && !loaded && error instanceof EngineUnreachable ? first.error : error;
  }
}

function attempt(given: LoadOptions): Attempt {
  try {
    return { loaded: loadStack(given) };
  } catch (error) {
    if (error instanceof StackFileError) return { error };
    throw error;
  }
}

interface Completion {
  given: LoadOptions;
  options: StackOptions;
  client: DeployCodeClient;
}

/** The stack with the secrets that are stored for its environment. */
async function complete(first: Attempt, { given, options, client }: Completion): Promise<LoadedStack> {
  const missing = 'loaded' in first ? first.loaded.missing : first.error.missing;
  if ('loaded' in first && missing.length === 0) return first.loaded;
  const place = 'loaded' in first ? first.loaded : placeUnless(first.error, options);
  const stored = await client.secrets.names(placeOf(place.stack));
  const isComplete = 'loaded' in first && !missing.some((name) => stored.includes(name));
  return isComplete && !declaresStored(first.loaded) ? first.loaded : loadStack({ ...given, stored });
}

/** @throws StackFileError the given one, if the place itself needs a variable without a value */
function placeUnless(error: StackFileError, options: StackOptions): LoadedStack {
  try {
    return loadPlace(options);
  } catch {
    throw error;
  }
}

function declaresStored({ stack }: LoadedStack): boolean {
  return Object.values(stack.secrets).some((source) => 'stored' in source);
}
