import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import type { DirectClient } from '../client';
import type { Expected } from '../guard/expected-host';
import { isLoopback } from '../model/names/registry';
import { letIn, hostGuard, requireRules, withoutToken } from './access/admission';
import { limitsOf } from './access/limits';
import { AccessDirectory, type Caller } from './access/directory';
import { ThreatAlerts } from './access/threat-alerts';
import { Threats } from './access/threats';
import { createApp, type AppOptions } from './app';
import { addAuth, createAuthContext, type PeopleOptions } from './auth';
import { addDashboard } from './web/dashboard';
import { describeApi, prefix } from './description';
import { addDocsPage } from './web/docs-page';
import { addEtags } from './etags';
import { addGraphql } from './graphql';
import { namesOf } from './graphql/names';
import { addApiHeaders } from './headers';
import { addHooks } from './hooks';
import { Live } from './live';
import { Audience } from './live/audience';
import { addEvents } from './live/events-route';
import { keepPortForLive } from './live/live-port';
import { addLive, allowWebSockets } from './live/live-route';
import { ApiMetrics } from './metrics';
import { Overview } from './overview';
import { routes } from './routes';
import { addRoute } from './routes/add';
import type { Threat } from '../workflows/messages';

export interface ServerOptions extends AppOptions {
  client: DirectClient;
  /** Address that it listens on, and names of it besides: requests for other hosts are refused. */
  host: Expected;
  /** Requests a minute of one caller or, without a valid token, of one address. */
  perMinute?: number;
  /**
   * The subject of requests without a token, who may do everything: for a server that only this machine reaches.
   * Absent: every request needs a token.
   */
  anyone?: string;
  /** Absent: nobody can log in, and tokens are the only way in. */
  people?: PeopleOptions;
  /** Streams that one subject has open at a time. */
  streamsPerCaller?: number;
  /** A port at which there are only live topics. */
  livePort?: number;
  /** Of the files of the dashboard; default: where the build puts them. */
  dashboardFolder?: string;
  version: string;
  metrics?: ApiMetrics;
}

/** Fewer refused requests a minute are mistakes. */
const leastDenials = 100;

/** Creates the server of the API. Everything but its description needs a token; each route has an action. */
export async function createApiServer(options: ServerOptions): Promise<FastifyInstance> {
  const { client, people, onFailure, metrics = new ApiMetrics() } = options;
  const app = createApp(options, metrics);
  const access = new AccessDirectory(client.access, onFailure, {
    issuer: people?.externalUrl,
    ...(people && { declared: () => people.declared().bindings }),
  });
  app.addHook('onClose', () => access.close());
  const threats = watchFor(app, options, access, metrics);
  await guard(app, options, { access, threats });
  await addAddresses(app, options, { access, threats, metrics });
  await app.ready();
  return app;
}

interface Parts {
  access: AccessDirectory;
  threats: Threats;
}

/** Lets in who may come in, before anything of a request is read. */
async function guard(app: FastifyInstance, options: ServerOptions, { access, threats }: Parts): Promise<void> {
  app.decorate('openAddresses', requireRules(app));
  addApiHeaders(app);
  await allowWebSockets(app);
  if (options.livePort !== undefined) keepPortForLive(app, options.livePort);
  const requireOwnHost = hostGuard(hostOf(options));
  app.addHook('onRequest', (request, _, done) => {
    requireOwnHost(request);
    done();
  });
  await app.register(rateLimit, { global: false });
  const limits = limitsOf(app, options.perMinute);
  const anyone = anyoneOf(options);
  const door = { access, limits, threats, ...(anyone && { anyone }) };
  app.addHook('onRequest', (request, _, done) => {
    const letting = letIn(request, door);
    if (letting) letting.then(() => done(), done);
    else done();
  });
}

/** Adds everything that the server has an answer for. */
async function addAddresses(
  app: FastifyInstance,
  { client, people, anyone, dashboardFolder, onFailure, version, streamsPerCaller }: ServerOptions,
  { access, threats, metrics }: Parts & { metrics: ApiMetrics },
): Promise<void> {
  const audience = new Audience(new Live(client, onFailure), access, streamsPerCaller);
  const services = { client, access, overview: new Overview(client), stopping: audience.stopped };
  const streams = { audience, metrics };
  app.addHook('preClose', async () => audience.close());
  addEtags(app);
  await describeApi(app, version);
  for (const [each, name] of namesOf(routes)) addRoute(app, name, each, services, streams);
  if (people) await addAuth(app, createAuthContext(services, people, { threats, metrics, onFailure }));
  addEvents(app, streams);
  addLive(app, streams);
  await addHooks(app, services, metrics, onFailure);
  addGraphql(app, { routes, services, streams, onFailure });
  app.get(`${prefix}/openapi.json`, { config: { action: 'open' }, schema: { hide: true } }, async () => app.swagger());
  await addDocsPage(app);
  if (people || anyone !== undefined) await addDashboard(app, dashboardFolder);
}

/** @throws Error if everybody on a network would be let in */
function anyoneOf({ anyone, host }: ServerOptions): Caller | undefined {
  if (anyone === undefined) return undefined;
  if (!isLoopback(host.bound)) throw new Error('a server without log-in must listen on loopback');
  return { subject: anyone, token: withoutToken, roles: [{ role: 'admin', scope: '*' }] };
}

/** Attackers are counted, recorded in the audit trail of the installation, and told to its subscribers. */
function watchFor(app: FastifyInstance, options: ServerOptions, access: AccessDirectory, metrics: ApiMetrics): Threats {
  const { client, people, perMinute = 600, onFailure } = options;
  const alerts = new ThreatAlerts(async (threats) => {
    const subscribers = people?.declared().subscribers ?? [];
    if (subscribers.length > 0) await client.access.alerts.send(threats, subscribers);
  }, onFailure);
  app.addHook('onClose', () => alerts.close());
  const report = (threat: Threat): void => {
    metrics.countThreat(threat.kind);
    client.access.users.logIns.report(threat).catch(onFailure);
    alerts.add(threat);
  };
  return new Threats(report, {
    denialsPerMinute: Math.max(leastDenials, perMinute / 2),
    elsewhere: () => access.blocked(),
    onBlock: (source, until) => void client.access.block({ [source]: until }).catch(onFailure),
  });
}

/** A server answers for its external address too. */
function hostOf({ host, people }: ServerOptions): Expected {
  if (!people) return host;
  return { ...host, allowed: [...(host.allowed ?? []), new URL(people.externalUrl).hostname] };
}
