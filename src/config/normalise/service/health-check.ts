import type { HealthCheckInput } from '../../schema/health-check';
import { toMs } from '../../schema/values';
import type { HealthCheck, Probe } from '../../../model/stack';
import { Malformed, toShell } from '../words';

/** Health settings of a service; an empty object if the file has none. */
export function toHealth(
  input: HealthCheckInput | undefined,
  defaultIntervalMs: number,
): { healthCheck?: HealthCheck; healthDisabled?: true } {
  if (!input) return {};
  return input.disable ? { healthDisabled: true } : { healthCheck: toHealthCheck(input, defaultIntervalMs) };
}

/** @throws Malformed unless exactly one kind of probe is given */
function toHealthCheck(input: HealthCheckInput, defaultIntervalMs: number): HealthCheck {
  return {
    probe: toProbe(input),
    intervalMs: input.interval === undefined ? defaultIntervalMs : toMs(input.interval),
    timeoutMs: toMs(input.timeout ?? 5),
    retries: input.retries ?? 3,
    startPeriodMs: toMs(input.start_period ?? 0),
  };
}

function toProbe(input: HealthCheckInput): Probe {
  const kinds = (['http', 'tcp', 'command', 'runtime'] as const).filter(
    (kind) => input[kind] !== undefined && input[kind] !== false,
  );
  if (kinds.length !== 1) {
    throw new Malformed(
      kinds.length === 0
        ? 'has no probe; set one of http, tcp, command and runtime'
        : `has ${kinds.join(' and ')}; keep one`,
    );
  }
  switch (kinds[0]!) {
    case 'http':
      return toHttp(input.http!, input.headers ?? {});
    case 'tcp':
      return { kind: 'tcp', port: toPort(String(input.tcp)) };
    case 'command':
      return { kind: 'command', command: toShell(input.command!) };
    case 'runtime':
      return { kind: 'runtime' };
  }
}

function toHttp(text: string, headers: Record<string, string>): Probe {
  const match = /^(?:(https?):\/\/)?([^/:]*)(?::(\d+))?(\/.*)?$/.exec(text);
  if (!match) throw new Malformed(`"${text}" is not a probe; write ":8080/healthz"`);
  const scheme = match[1] === 'https' ? 'https' : 'http';
  const port = match[3] ? Number(match[3]) : match[1] ? { http: 80, https: 443 }[scheme] : undefined;
  if (!port || port > 65_535) throw new Malformed(`"${text}" has no valid port; write ":8080/healthz"`);
  return { kind: 'http', scheme, port, path: match[4] ?? '/', headers };
}

function toPort(text: string): number {
  const match = /(?:^|:)(\d+)$/.exec(text);
  const port = Number(match?.[1]);
  if (!port || port > 65_535) throw new Malformed(`"${text}" has no valid port; write ":5432"`);
  return port;
}
