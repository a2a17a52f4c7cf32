import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { AccessConfig } from '../../../config/access';
import { hostPort } from '../../../model/names/host-port';
import { isLoopback } from '../../../model/names/registry';
import { BadRequest } from '../../../temporal/errors';
import { list, positive, withTemporal, type ConnectionOptions } from '../../options';
import { complain, say } from '../../output/terminal';
import { inviteFirstAdmin } from './first-admin';
import { signerOf } from '../session';
import { tlsOf, type TlsOptions } from './tls';

interface ServerCommandOptions extends ConnectionOptions, TlsOptions {
  port: number;
  innerPort: number;
  livePort?: number;
  allowHost?: string[];
  trustedProxy?: string[];
  perMinute: number;
  access?: string;
  externalUrl?: string;
  statementKey?: string;
}

/** Adds the command that serves the API. */
export function addServer(program: Command): void {
  const server = program.command('server').enablePositionalOptions();
  addServerKey(server);
  withTemporal(
    server
      .description(
        'serve the dashboard and the API, for people and programs with tokens (docs/access.md, docs/dashboard.md)',
      )
      .option('--host <address>', 'listen address', '127.0.0.1')
      .option('--port <port>', 'port', positive, 8080)
      .option('--inner-port <port>', 'port of /healthz, /readyz and /metrics, on loopback', positive, 9466)
      .option('--live-port <port>', 'another port, at which there are only live topics', positive)
      .option(
        '--tls-cert <file>',
        'certificate in PEM, with its chain; read again when it changes (default: cert.pem in DEPLOY_CODE_TLS)',
      )
      .option('--tls-key <file>', 'private key in PEM (default: key.pem in DEPLOY_CODE_TLS)')
      .addOption(new Option('--tls-min <version>', 'oldest version of TLS').choices(['1.2', '1.3']).default('1.3'))
      .option('--plain-http', 'serve others without TLS, behind a proxy of your own that has it')
      .option(
        '--access <file>',
        'where people log in, and roles that are kept in Git; read again when it changes (default: DEPLOY_CODE_ACCESS)',
      )
      .option(
        '--external-url <url>',
        'address of the installation for people who log in (default: DEPLOY_CODE_EXTERNAL_URL, or external_url in ' +
          'the file)',
      )
      .option('--allow-host <names>', 'host names of this server; requests for other names are refused', list)
      .option('--trusted-proxy <addresses>', 'proxies whose X-Forwarded-For counts', list)
      .option(
        '--statement-key <file>',
        'private key that signs requests, for environments that take requests of servers only (default: ' +
          'DEPLOY_CODE_STATEMENT_KEY)',
      )
      .option('--per-minute <requests>', 'most requests a minute of a token, and of an address', positive, 600),
  ).action(serve);
}

/** Adds the command that makes the key of a server. */
function addServerKey(server: Command): void {
  server
    .command('key')
    .description('make the private key that a server signs requests with, and its public key in FILE.pub')
    .argument('<file>', 'file that does not exist yet')
    .action(async (file: string) => {
      const { createStatementKey } = await import('../../../guard/access/statement-keys.js');
      const { id, publicFile } = createStatementKey(file);
      say(`key ${id}: ${file} is for \`deploy-code server --statement-key\`, and for nobody else`);
      say(`${publicFile} is for \`deploy-code worker --statement-keys\`, of every worker`);
    });
}

async function serve(given: ServerCommandOptions): Promise<void> {
  const options = withEnvironment(given);
  const { host, port, livePort, plainHttp = false, allowHost = [], trustedProxy, perMinute } = options;
  const tls = tlsOf(options);
  const [
    { ApiMetrics, createApiServer, listenForLive },
    { DeployCodeClient },
    { guardProcess },
    { serveHttp },
    { watchAccess },
  ] = await Promise.all([
    import('../../../api/index.js'),
    import('../../../client/index.js'),
    import('../../../guard/process.js'),
    import('../../../telemetry/http.js'),
    import('./access-file.js'),
  ]);
  const access = watchAccess(options.access);
  const externalUrl = await externalUrlOf(options, access.current());
  const signer = await signerOf(options);
  const client = await DeployCodeClient.connect({ ...options, ...(signer && { signer }) });
  const metrics = new ApiMetrics();
  const onFailure = (error: Error, request?: { method: string; route: string }) =>
    complain(`${request ? `${request.method} ${request.route}` : 'a request'} failed: ${error.message}`);
  const app = await createApiServer({
    client,
    host: { bound: host, allowed: allowHost },
    perMinute,
    ...(livePort !== undefined && { livePort }),
    metrics,
    version: (require('../../../../package.json') as { version: string }).version,
    onFailure,
    ...(tls && { tls: tls.read() }),
    ...(externalUrl !== undefined && { people: { externalUrl, declared: () => access.current() } }),
    ...(trustedProxy && { trustedProxies: trustedProxy }),
  });
  await app.listen({ host, port }).catch(rethrowBusy('--port'));
  const endLive =
    livePort === undefined
      ? undefined
      : await listenForLive(app, { host, port: livePort }).catch(rethrowBusy('--live-port'));
  const inner = await serveHttp({
    port: options.innerPort,
    metrics: metrics.registry,
    onFailure,
    problems: () =>
      client.access.state().then(
        () => [],
        (error: Error) => [error.message],
      ),
  }).catch(rethrowBusy('--inner-port'));
  const stopReloading = tls?.follow(app.server);
  const stopping = new AbortController();
  const stop = async (): Promise<void> => {
    stopping.abort();
    stopReloading?.();
    access.stop();
    inner.close();
    endLive?.();
    await app.close();
    await client.close();
  };
  guardProcess({ onError: onFailure, stop });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
  const origin = `${tls ? 'https' : 'http'}://${hostPort(host, port)}`;
  say(
    `the API is at ${origin}/api/v1` +
      (externalUrl === undefined ? '' : `, the dashboard at ${externalUrl}`) +
      (plainHttp && !tls ? ', without TLS: keep it behind a proxy that has it' : ''),
  );
  if (externalUrl === undefined) return;
  const isDeclared = () => access.current().bindings.length > 0;
  await inviteFirstAdmin(client, externalUrl, { isDeclared, signal: stopping.signal });
}

/** What to do about a port that cannot be listened on. */
function rethrowBusy(option: string): (error: NodeJS.ErrnoException & { port?: number }) => never {
  return (error) => {
    if (error.code === 'EADDRINUSE')
      throw new BadRequest(`port ${error.port} is in use; choose another with ${option}`, { cause: error });
    if (error.code === 'EACCES')
      throw new BadRequest(`port ${error.port} needs rights that this user lacks; choose another with ${option}`, {
        cause: error,
      });
    throw error;
  };
}

/** Options that a container gets from its environment: an empty one is none. */
function withEnvironment(options: ServerCommandOptions): ServerCommandOptions {
  const { DEPLOY_CODE_TLS: folder, DEPLOY_CODE_ACCESS: access, DEPLOY_CODE_EXTERNAL_URL: externalUrl } = process.env;
  const hasCertificate = options.tlsCert !== undefined || options.tlsKey !== undefined || options.plainHttp;
  return {
    ...(folder && !hasCertificate && { tlsCert: join(folder, 'cert.pem'), tlsKey: join(folder, 'key.pem') }),
    ...(access && { access }),
    ...(externalUrl && { externalUrl }),
    ...options,
  };
}

/**
 * The address that people have; on loopback that of the server itself; undefined if nobody can log in.
 * @throws BadRequest if the access file needs one, and none is given
 */
async function externalUrlOf(
  { externalUrl, host, port, tlsCert }: ServerCommandOptions,
  declared: AccessConfig,
): Promise<string | undefined> {
  if (externalUrl !== undefined)
    return (await import('../../../config/access/index.js')).requireExternalUrl(externalUrl);
  if (declared.externalUrl !== undefined) return declared.externalUrl;
  if (isLoopback(host)) return `${tlsCert === undefined ? 'http' : 'https'}://${hostPort(host, port)}`;
  const { providers, workloads } = declared;
  if (Object.keys({ ...providers, ...workloads }).length > 0)
    throw new BadRequest('people need the address of this server: give --external-url, or external_url in the file');
  return undefined;
}
