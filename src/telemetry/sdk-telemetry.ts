import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { freePort } from '../guard/free-port';

let installed: Promise<() => Promise<string>> | undefined;

/** Redirects the SDK's logs to ours, and serves its metrics on a loopback port. Takes effect once per process. */
export function installTelemetry(logger: Logger): Promise<() => Promise<string>> {
  installed ??= install(logger);
  return installed;
}

async function install(logger: Logger): Promise<() => Promise<string>> {
  const address = `127.0.0.1:${await freePort()}`;
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => logger[levels[level]]({ ...meta }, message)),
    telemetryOptions: {
      metrics: { prometheus: { bindAddress: address } },
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
    },
    shutdownSignals: [],
  });
  return async () => (await fetch(`http://${address}/metrics`)).text();
}
