import { Agent, type RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { withDeadline } from '../../deadline';
import { RuntimeError } from '../../runtime';

/** Where a cluster is found. */
export interface ClusterEndpoint {
  /**
   * Path of a kubeconfig; default `KUBECONFIG`, `~/.kube/config`, or the service account of the pod that the worker
   * runs in.
   */
  kubeconfig?: string;
  /** Of the kubeconfig; default its current one. */
  context?: string;
}

/** A plugin may ask elsewhere for a token. */
const credentialsMs = 30_000;

/** How to speak with a cluster as whom the kubeconfig says. */
export class ClusterConnection {
  readonly server: URL;
  private agent?: Agent;

  /** @throws RuntimeError where the kubeconfig names no cluster */
  constructor(readonly config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    if (!cluster)
      throw new RuntimeError(
        'software',
        'there is no cluster to speak with: give the worker a kubeconfig (KUBECONFIG), or run it in the cluster',
      );
    this.server = new URL(cluster.server);
  }

  /** Of the context, for people. */
  get name(): string {
    return this.config.getCurrentContext();
  }

  /**
   * Tokens of plugins and of service accounts expire: the library is asked at each request, and keeps them. Connections
   * are kept too.
   */
  async security(): Promise<{ agent: Agent; headers: Record<string, string> }> {
    const { ca, cert, key, rejectUnauthorized, servername, auth, headers } = await withDeadline(
      securityOf(this.config),
      credentialsMs,
      () => new Error(`not within ${credentialsMs / 1000} s`),
    ).catch((error: Error) => {
      throw new RuntimeError('platform', `the credentials for ${this.name} cannot be had (${error.message})`, {
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

/** @throws RuntimeError where the kubeconfig has no such context */
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
