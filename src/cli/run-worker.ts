import { readFileSync } from 'node:fs';
import pino from 'pino';
import { readHosts, type HostEndpoint } from '../config/hosts';
import { acmeProblem, createWorker, defaultDataDir, InstallationKeyProblem, type AcmeSettings } from '../worker';
import { visibleJson } from '../model/text';
import { isUnprotected } from '../model/host';
import { ownBuildId } from '../worker/build';
import type { StatementKeys } from '../guard/access/statement';
import { readStatementKeys } from '../guard/access/statement-keys';
import { guardProcess } from '../guard/process';
import { keysOf } from '../payloads/keys';
import { type Policy, readPolicy } from '../policy';
import { connectionSettings } from '../temporal/connection';
import { BadRequest } from '../temporal/errors';
import { findDevelopmentEngine } from '../temporal/connection/development';

export interface RunWorkerOptions {
  address?: string;
  namespace?: string;
  port: number;
  host?: string;
  dataDir?: string;
  maxParallelDeployments?: number;
  /** `true`: the version and a hash of the workflows. */
  buildId?: string | true;
  /** File with `infrastructure.hosts`. */
  hosts?: string;
  /** Names of the hosts to serve; default all of the file. */
  serve?: string[];
  /** With `context`: the cluster for stacks on Kubernetes. */
  kubeconfig?: string;
  context?: string;
  debugStacks?: boolean;
  /** Policy file. */
  policy?: string;
  /** With a key: also accept messages that are not encrypted, or not bound to their workflow. */
  acceptPlain?: boolean;
  /** File that also records the end of each audit trail. */
  auditAnchor?: string;
  auditBestEffort?: boolean;
  /** File with the public keys of servers. */
  statementKeys?: string;
}

/** Runs a worker until SIGTERM or SIGINT, then drains it. */
export async function runWorker(options: RunWorkerOptions): Promise<void> {
  const logger = pino({ hooks: { streamWrite: visibleJson } });
  if (options.acceptPlain) process.env.DEPLOY_CODE_ACCEPT_PLAIN = '1';
  const settings = connectionSettings(options);
  const dataDir =
    options.dataDir ?? (process.env.DEPLOY_CODE_DATA_DIR || (findDevelopmentEngine()?.dataDir ?? defaultDataDir()));
  if (!keysOf(process.env))
    logger.warn(
      'no encryption key is set: anyone who can read Temporal can read the histories of deployments ' +
        '(docs/encryption.md)',
    );
  const buildId =
    options.buildId === true ? ownBuildId() : (options.buildId ?? (process.env.DEPLOY_CODE_BUILD_ID || undefined));
  requireProtectedDocker(process.env);
  const hosts = hostsOf(options);
  const policy = policyOf(options);
  const worker = await createWorker({
    ...settings,
    dataDir,
    port: options.port,
    host: options.host,
    logger,
    buildId,
    hosts,
    hostsOnly: options.serve !== undefined,
    cluster: { kubeconfig: options.kubeconfig, context: options.context },
    auditDatabase: databaseOf(process.env.DEPLOY_CODE_AUDIT_DATABASE),
    debugStacks: options.debugStacks,
    policy,
    statementKeys: statementKeysOf(options, policy),
    auditAnchor: options.auditAnchor ?? (process.env.DEPLOY_CODE_AUDIT_ANCHOR || undefined),
    auditBestEffort: options.auditBestEffort,
    acme: acmeOf(process.env),
    sharedImage: process.env.DEPLOY_CODE_SHARED_IMAGE || undefined,
    maxParallelDeployments: options.maxParallelDeployments ?? limitOf(process.env.DEPLOY_CODE_MAX_PARALLEL_DEPLOYMENTS),
  }).catch((error: Error) => {
    throw error instanceof InstallationKeyProblem ? new BadRequest(error.message) : error;
  });
  guardProcess({
    onError: (error) =>
      logger.error({ error: worker.mask(error.stack ?? error.message) }, 'uncaught error; the worker continues'),
    stop: () => worker.shutdown(),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => worker.shutdown());
  logger.info(
    {
      address: settings.connection.address,
      namespace: settings.namespace,
      dataDir,
      metrics: worker.port,
      buildId,
      ...(hosts.length > 0 && { hosts: hosts.map(({ name }) => name) }),
    },
    'worker is ready',
  );
  await worker.run();
  logger.info('worker has drained');
}

/** @throws BadRequest if DOCKER_HOST uses a network without TLS, and DEPLOY_CODE_DOCKER_INSECURE is not set */
function requireProtectedDocker({
  DOCKER_HOST: url = '',
  DOCKER_TLS_VERIFY: verify,
  DOCKER_CERT_PATH: folder,
  DEPLOY_CODE_DOCKER_INSECURE: insecure,
}: NodeJS.ProcessEnv): void {
  if (insecure === 'true' || !isUnprotected(url, Boolean(verify && folder))) return;
  throw new BadRequest(
    'DOCKER_HOST is not encrypted, and anyone who can reach it is root on that host; set ' +
      'DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, use ssh://, or set DEPLOY_CODE_DOCKER_INSECURE=true',
  );
}

function hostsOf({
  hosts: file = process.env.DEPLOY_CODE_HOSTS || undefined,
  serve,
}: RunWorkerOptions): HostEndpoint[] {
  if (file === undefined && serve)
    throw new BadRequest('--serve selects hosts of a file; pass that file with --hosts FILE');
  const hosts = file === undefined ? [] : readHosts(file);
  const missing = serve?.find((name) => !hosts.some((host) => host.name === name));
  if (missing !== undefined)
    throw new BadRequest(
      `there is no host "${missing}" in ${file}; available: ${hosts.map(({ name }) => name).join(', ')}`,
    );
  return serve ? hosts.filter(({ name }) => serve.includes(name)) : hosts;
}

/** @throws BadRequest if a variable is malformed, or its file cannot be read */
function acmeOf({
  DEPLOY_CODE_ACME_DIRECTORY: directory,
  DEPLOY_CODE_ACME_CA_FILE: file,
}: NodeJS.ProcessEnv): AcmeSettings {
  const settings = {
    ...(directory && { directory }),
    ...(file && { authorities: authoritiesIn(file) }),
  };
  const problem = acmeProblem(settings);
  if (problem !== undefined) throw new BadRequest(problem);
  return settings;
}

function authoritiesIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new BadRequest(`DEPLOY_CODE_ACME_CA_FILE: ${file} cannot be read (${code})`);
  }
}

function policyOf({
  policy: file = process.env.DEPLOY_CODE_POLICY || undefined,
}: RunWorkerOptions): Policy | undefined {
  return file === undefined ? undefined : readPolicy(file);
}

/** @throws BadRequest if the file is not usable, or the policy demands statements that nobody could check */
function statementKeysOf(
  { statementKeys: file = process.env.DEPLOY_CODE_STATEMENT_KEYS || undefined }: RunWorkerOptions,
  policy: Policy | undefined,
): StatementKeys | undefined {
  if (file !== undefined) return readStatementKeys(file);
  if (policy?.statements?.length)
    throw new BadRequest(
      'the policy has the rule statements, but there are no keys to check statements with; pass --statement-keys FILE',
    );
  return undefined;
}

function limitOf(text: string | undefined): number | undefined {
  if (!text) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new BadRequest(`DEPLOY_CODE_MAX_PARALLEL_DEPLOYMENTS is "${text}"; write a whole number from 1`);
}

function databaseOf(url: string | undefined): string | undefined {
  if (!url) return undefined;
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new BadRequest(
    'DEPLOY_CODE_AUDIT_DATABASE is not the URL of a PostgreSQL database; write ' +
      'postgresql://user@host:5432/database, and put the password into PGPASSWORD',
  );
}
