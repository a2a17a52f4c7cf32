import { Agent, type RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { withDeadline } from '../../deadline';
import { RuntimeError } from '../../runtime';

/** How to reach a cluster. */
export interface ClusterEndpoint {
  /** Path of a kubeconfig; default `KUBECONFIG`, `~/.kube/config`, or the service account of the worker's pod. */
  kubeconfig?: string;
  /** A context of the kubeconfig; default its current one. */
  context?: string;
}

/** Timeout for credentials: a plugin may request a token from another server. */
const credentialsMs = 30_000;

/** A connection to a cluster as the user of the kubeconfig. */
export class ClusterConnection {
  readonly server: URL;
  private agent?: Agent;

  /** @throws RuntimeError if the kubeconfig has no cluster */
  constructor(readonly config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    if (!cluster)
      throw new RuntimeError(
        'software',
        'no cluster is configured; give the worker a kubeconfig (KUBECONFIG), or run it in the cluster',
      );
    this.server = new URL(cluster.server);
  }

  /** Name of the context, for messages. */
  get name(): string {
    return this.config.getCurrentContext();
  }

  /**
   * Credentials from the library, which caches them and renews expired tokens of plugins and service accounts.
   * Connections are reused.
   */
  async security(): Promise<{ agent: Agent; headers: Record<string, string> }> {
    const { ca, cert, key, rejectUnauthorized, servername, auth, headers } = await withDeadline(
      securityOf(this.config),
      credentialsMs,
      () => new Error(`no answer within ${credentialsMs / 1000} s`),
    ).catch((error: Error) => {
      throw new RuntimeError('platform', `the credentials for ${this.name} are not available (${error.message})`, {
        cause: error,
      });
    });
    this.agent ??= new Agent({ keepAlive: true, ca, cert, key, rejectUnauthorized, servername });
    const basic: Record<string, string> = auth
      ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` }
      : {};
    return { agent: this.agent, headers: { ...(headers as Record<string, string>), ...basic } };
  }
}

/** @throws RuntimeError if the kubeconfig has no such context */
export function connectCluster({ kubeconfig, context }: ClusterEndpoint = {}): ClusterConnection {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  if (context !== undefined) {
    if (!config.getContextObject(context))
      throw new RuntimeError(
        'software',
        `the kubeconfig has no context "${context}"; it has ${
          config
            .getContexts()
            .map(({ name }) => name)
            .join(', ') || 'none'
        }`,
      );
    config.setCurrentContext(context);
  }
  return new ClusterConnection(config);
}

async function securityOf(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options;
}
