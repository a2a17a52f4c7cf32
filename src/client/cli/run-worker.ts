import pino from 'pino';
import { createWorker, defaultDataDir } from '../../worker';
import { ownBuildId } from '../../worker/build';
import { keysOf } from '../../payloads/keys';
import { connectionSettings } from '../connection';
import { BadRequest } from '../errors';
import { findDevelopmentEngine } from '../development';

export interface RunWorkerOptions {
  address?: string;
  namespace?: string;
  port: number;
  host?: string;
  dataDir?: string;
  maxParallelDeployments?: number;
  /** True: its own one. */
  buildId?: string | true;
}

/** Runs a worker until SIGTERM or SIGINT; then it takes no new work, and finishes what it can. */
export async function runWorker(options: RunWorkerOptions): Promise<void> {
  const logger = pino();
  const settings = connectionSettings(options);
  const dataDir = options.dataDir ?? (process.env.DEPLOY_CODE_DATA_DIR || (findDevelopmentEngine()?.dataDir ?? defaultDataDir()));
  if (!keysOf(process.env)) logger.warn('no encryption key is set: whoever may read Temporal may read the histories of deployments (docs/encryption.md)');
  const buildId = options.buildId === true ? ownBuildId() : (options.buildId ?? (process.env.DEPLOY_CODE_BUILD_ID || undefined));
  const worker = await createWorker({ ...settings, dataDir, port: options.port, host: options.host, logger, buildId, auditDatabase: databaseOf(process.env.DEPLOY_CODE_AUDIT_DATABASE), maxParallelDeployments: options.maxParallelDeployments ?? limitOf(process.env.DEPLOY_CODE_MAX_PARALLEL_DEPLOYMENTS) });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => worker.shutdown());
  logger.info({ address: settings.connection.address, namespace: settings.namespace, dataDir, metrics: worker.port, buildId }, 'worker is ready');
  await worker.run();
  logger.info('worker has drained');
}

function limitOf(text: string | undefined): number | undefined {
  if (!text) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new BadRequest(`DEPLOY_CODE_MAX_PARALLEL_DEPLOYMENTS is "${text}"; write a whole number from 1`);
}

function databaseOf(url: string | undefined): string | undefined {
  if (!url) return undefined;
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new BadRequest('DEPLOY_CODE_AUDIT_DATABASE is no URL of a PostgreSQL database; write postgresql://user@host:5432/database, and the password into PGPASSWORD');
}
