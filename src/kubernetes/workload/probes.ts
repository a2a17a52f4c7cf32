import type { V1Container, V1Probe } from '@kubernetes/client-node';
import type { HealthCheck, Probe } from '../../model/instance';
import type { Plain } from '../manifest';

const seconds = (durationMs: number): number => Math.max(1, Math.ceil(durationMs / 1000));
/** Added to the startup probe, so that the engine reports a failed start before the cluster restarts the container. */
const graceS = 10;

/**
 * A health check as probes of the cluster: every second until the first success, then at its own interval. After
 * `retries` failures the pod gets no requests, after twice as many it is restarted.
 */
export function toProbes({
  probe,
  intervalMs,
  timeoutMs,
  retries,
  startPeriodMs,
}: HealthCheck): Pick<V1Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'> {
  const handler = { ...toHandler(probe), timeoutSeconds: seconds(timeoutMs) };
  const steady: Plain<V1Probe> = {
    ...handler,
    periodSeconds: seconds(intervalMs),
    failureThreshold: Math.max(1, retries),
  };
  return {
    startupProbe: {
      ...handler,
      periodSeconds: 1,
      failureThreshold: seconds(startPeriodMs + Math.max(1, retries) * intervalMs) + graceS,
    },
    readinessProbe: steady,
    livenessProbe: { ...steady, failureThreshold: 2 * Math.max(1, retries) },
  };
}

function toHandler(probe: Probe): Plain<V1Probe> {
  switch (probe.kind) {
    case 'http':
      return {
        httpGet: {
          port: probe.port,
          path: probe.path,
          scheme: probe.scheme.toUpperCase(),
          ...(Object.keys(probe.headers).length > 0 && {
            httpHeaders: Object.entries(probe.headers).map(([name, value]) => ({ name, value })),
          }),
        },
      };
    case 'tcp':
      return { tcpSocket: { port: probe.port } };
    case 'command':
      return { exec: { command: probe.command } };
    case 'runtime':
      return {};
  }
}
