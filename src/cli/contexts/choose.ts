import type { RemoteConnecting } from '../../client/remote';
import { originOf } from '../../client/remote/transport';
import { rememberedEngine } from '../../temporal/connection/development';
import { BadRequest } from '../../temporal/errors';
import type { ConnectionOptions } from '../options';
import { sessionToken } from './session-token';
import { readContexts, type Context } from './store';

/**
 * The server that a command goes through; undefined: it talks to Temporal. In this order: `--server`, `--address` or
 * `--namespace`, `DEPLOY_CODE_SERVER`, `TEMPORAL_ADDRESS`, a `deploy-code dev` of this folder, the current context.
 * @throws BadRequest if there is no token for the server
 */
export function chosenServer({
  server,
  address,
  namespace,
  folder,
}: ConnectionOptions & { folder?: string }): RemoteConnecting | undefined {
  if (server !== undefined && (address !== undefined || namespace !== undefined))
    throw new BadRequest(
      '--server goes through a server, --address and --namespace to Temporal itself; give one of them',
    );
  if (server !== undefined) return at(server);
  if (address !== undefined || namespace !== undefined) return undefined;
  if (process.env.DEPLOY_CODE_SERVER) return at(process.env.DEPLOY_CODE_SERVER);
  if (process.env.TEMPORAL_ADDRESS || isDevelopment(folder)) return undefined;
  const { current, contexts } = readContexts();
  return current === undefined ? undefined : withToken(contexts[current]!.server, [current, contexts[current]!]);
}

/** What comes before the current context, as `chosenServer` goes; undefined if nothing does. */
export function beforeContext(): string | undefined {
  if (process.env.DEPLOY_CODE_SERVER) return 'DEPLOY_CODE_SERVER';
  if (process.env.TEMPORAL_ADDRESS) return 'TEMPORAL_ADDRESS';
  return isDevelopment(undefined) ? 'the `deploy-code dev` of this folder' : undefined;
}

function at(text: string): RemoteConnecting {
  const server = originOf(text);
  const known = process.env.DEPLOY_CODE_TOKEN ? undefined : contextOf(server);
  return withToken(server, known);
}

function contextOf(server: string): [string, Context] | undefined {
  const { current, contexts } = readContexts();
  const own = Object.entries(contexts).filter(([, each]) => each.server === server);
  return own.find(([name]) => name === current) ?? own[0];
}

function withToken(server: string, known: [string, Context] | undefined): RemoteConnecting {
  const token = process.env.DEPLOY_CODE_TOKEN;
  if (token) return { server, token };
  const [name, context] = known ?? [];
  if (name !== undefined && context?.refreshToken !== undefined) return { server, token: sessionToken(name) };
  if (context?.token) return { server, token: context.token };
  throw new BadRequest(
    `there is no token for ${server}; log in with \`deploy-code login ${server}\`, or set DEPLOY_CODE_TOKEN`,
  );
}

function isDevelopment(folder: string | undefined): boolean {
  return [undefined, folder].some((each) => rememberedEngine(each)?.isRunning);
}
