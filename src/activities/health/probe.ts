import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tryTcp } from '../../guard/tcp';
import type { HealthCheck } from '../../model/instance';
import { endOfOutput } from '../../model/text/command-output';
import { capability, RuntimeError, type Runtime } from '../../runtimes/runtime';

/** Bytes of a response body that are read before the connection is closed. */
const largestBody = 64 * 1024;
const largestHeaders = 64 * 1024;
/** Characters of the output of a command. */
const longestOutput = 300;

type Target = { host: string; port: number };

/**
 * Probes an instance once. Resolves with the problem, or with undefined if it is healthy. `address`: its IP address, if
 * an observation has just told it.
 */
export async function probe(
  runtime: Runtime,
  name: string,
  { probe: check, timeoutMs }: HealthCheck,
  address?: string,
): Promise<string | undefined> {
  if (runtime.probe) return runtime.probe(name);
  const targetOf = async (port: number) =>
    address === undefined ? capability(runtime, 'address')(name, port) : { host: address, port };
  switch (check.kind) {
    case 'http':
      return http(await targetOf(check.port), check, timeoutMs);
    case 'tcp':
      return tcp(await targetOf(check.port), timeoutMs);
    case 'command':
      return command(runtime, name, check.command, timeoutMs);
    case 'runtime':
      return reported(runtime, name);
  }
}

/**
 * The same, but an instance that cannot be probed has a problem too: `otherwise`, or the error's message. @throws
 * RuntimeError while the platform is unavailable
 */
export async function problemOf(
  runtime: Runtime,
  name: string,
  check: HealthCheck,
  { otherwise, address }: { otherwise?: string; address?: string } = {},
): Promise<string | undefined> {
  try {
    return await probe(runtime, name, check, address);
  } catch (error) {
    if (error instanceof RuntimeError && error.kind !== 'platform') return otherwise ?? error.message;
    throw error;
  }
}

/**
 * Redirects count as healthy and are not followed; certificates are not verified, because the probe connects to an IP
 * address. The start of the body is read so that the service sees no early disconnect.
 */
function http(
  { host, port }: Target,
  { scheme, path, headers }: { scheme: string; path: string; headers: Record<string, string> },
  timeoutMs: number,
): Promise<string | undefined> {
  const request = scheme === 'https' ? httpsRequest : httpRequest;
  const signal = AbortSignal.timeout(timeoutMs);
  const options = {
    host,
    port,
    path,
    headers,
    agent: false,
    rejectUnauthorized: false,
    signal,
    maxHeaderSize: largestHeaders,
  };
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException) =>
      resolve(
        `GET :${port}${path}: ${signal.aborted ? `no answer within ${timeoutMs} ms` : (error.code ?? error.message)}`,
      );
    try {
      const call = request(options, (response) => {
        const { statusCode = 0 } = response;
        resolve(statusCode >= 200 && statusCode < 400 ? undefined : `GET :${port}${path} answered ${statusCode}`);
        readLittle(response, () => call.destroy());
      });
      call.on('error', fail).end();
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
    }
  });
}

function readLittle(response: IncomingMessage, stop: () => void): void {
  let size = 0;
  response
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > largestBody) stop();
    });
}

async function tcp({ host, port }: Target, timeoutMs: number): Promise<string | undefined> {
  const problem = await tryTcp(host, port, timeoutMs);
  if (problem === undefined) return undefined;
  return `connect :${port}: ${problem === 'timeout' ? `no answer within ${timeoutMs} ms` : problem}`;
}

async function command(
  runtime: Runtime,
  name: string,
  words: string[],
  timeoutMs: number,
): Promise<string | undefined> {
  const { exitCode, output } = await (runtime.probeByCommand?.(name, words, timeoutMs) ??
    runtime.exec(name, words, timeoutMs));
  if (exitCode === 0) return undefined;
  const end = endOfOutput(output, longestOutput);
  return `${words[0]} exited ${exitCode}${end ? `: ${end}` : ''}`;
}

async function reported(runtime: Runtime, name: string): Promise<string | undefined> {
  const status = await runtime.inspect(name);
  if (!status?.health) return 'the runtime reports no health; add a HEALTHCHECK to the image, or another health check';
  const problem = status.ownCheck?.problem;
  return status.health === 'healthy'
    ? undefined
    : `the runtime reports ${status.health}${problem ? ` (${problem})` : ''}`;
}
