import type { Check } from '../../model/stack';
import type { Judgement } from '../../plan/plan';
import { hostPort } from '../../model/names/host-port';
import { httpCall } from '../../guard/request';
import { withHeartbeat } from '../heartbeat';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { capability, type Runtime } from '../../runtimes/runtime';

const queryTimeoutMs = 5000;
/** Bytes: a query gives one number. */
const largestAnswer = 1024 * 1024;
const longestWord = 200;

type Answer = { value: number } | { missing: string };

/** Checks of new instances by Prometheus queries. */
export function analysisActivities({ runtimes }: Dependencies): Pick<Activities, 'analyse'> {
  return {
    analyse: (context, judgement) =>
      withHeartbeat(async () => {
        const { checks, samples } = judgement.analysis;
        const ask = await prometheus(runtimes(context), judgement);
        const results = await Promise.all(checks.map((check) => runCheck(check, ask)));
        const sampleCount = samples ? await ask(samples.query) : { value: Infinity };
        const tooFew =
          samples && (!('value' in sampleCount) || sampleCount.value < samples.min)
            ? [`${'value' in sampleCount ? sampleCount.value : 'no'} samples, but ${samples.min} are required`]
            : [];
        return {
          failed: results.flatMap(({ failed }) => failed),
          missing: [...results.flatMap(({ missing }) => missing), ...tooFew],
          seen: results.map(({ seen }) => seen).filter(Boolean),
        };
      }),
  };
}

async function runCheck(
  check: Check,
  ask: (query: string) => Promise<Answer>,
): Promise<{ failed: string[]; missing: string[]; seen: string }> {
  const [answer, baseline] = await Promise.all([
    ask(check.query),
    check.baseline === undefined ? undefined : ask(check.baseline),
  ]);
  if ('missing' in answer) return { failed: [], missing: [`${check.name}: ${answer.missing}`], seen: '' };
  if (baseline && 'missing' in baseline)
    return { failed: [], missing: [`${check.name}, the old set: ${baseline.missing}`], seen: '' };
  const failed = judge(check, answer.value, baseline?.value).map((reason) => `${check.name} ${reason}`);
  return {
    failed,
    missing: [],
    seen: `${check.name} ${short(answer.value)}${baseline ? ` (the old set ${short(baseline.value)})` : ''}`,
  };
}

/** The limits of a check that a value exceeds, one message each. */
export function judge({ min, max, maxRatio, maxDifference }: Check, value: number, baseline = 0): string[] {
  const is = `is ${short(value)}`;
  return [
    ...(min !== undefined && value < min ? [`${is}, less than ${min}`] : []),
    ...(max !== undefined && value > max ? [`${is}, more than ${max}`] : []),
    ...(maxRatio !== undefined && value > baseline * maxRatio
      ? [`${is}, more than ${maxRatio} times the ${short(baseline)} of the old set`]
      : []),
    ...(maxDifference !== undefined && value - baseline > maxDifference
      ? [`${is}, more than ${maxDifference} above the ${short(baseline)} of the old set`]
      : []),
  ];
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/**
 * A function that runs a query for one number: against the Prometheus service of the stack if there is one, else
 * against the endpoint.
 */
async function prometheus(
  runtime: Runtime,
  { endpoint, prometheus: service }: Judgement,
): Promise<(query: string) => Promise<Answer>> {
  const get = service
    ? await inside(runtime, endpoint, service).catch((error: Error) => ({ missing: error.message }))
    : overHttp(endpoint);
  return async (query) => {
    if (typeof get !== 'function') return get;
    try {
      return parse(read(await get(`/api/v1/query?${new URLSearchParams({ query }).toString()}`)));
    } catch (error) {
      return { missing: `Prometheus at ${endpoint} does not answer (${(error as Error).message})` };
    }
  };
}

/** Resolves with the body of a GET of a path. */
type Get = (path: string) => Promise<string>;

function overHttp(base: string): Get {
  return async (path) =>
    (
      await httpCall(`${baseOf(base)}${path}`, {
        deadlineMs: queryTimeoutMs,
        largest: largestAnswer,
        redirects: 2,
        elsewhere: true,
      })
    ).body;
}

/**
 * Reads from an instance of the stack: a pod through the API server, any other at the address that the worker reaches.
 */
async function inside(runtime: Runtime, endpoint: string, service: string): Promise<Get> {
  const url = new URL(endpoint);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const { instances } = await runtime.observe({ images: [], ports: [] });
  const instance = instances.find((each) => each.service === service && each.state === 'running');
  if (!instance) throw new Error(`no instance of ${service} runs`);
  const { workloads } = runtime;
  if (workloads) {
    url.port = String(instance.ports.find(({ host }) => host === port)?.container ?? port);
    return (path) => workloads.ask(instance.name, new URL(`${baseOf(url.href)}${path}`), queryTimeoutMs);
  }
  const { host, port: reached } = await capability(runtime, 'address')(instance.name, port);
  return overHttp(`${url.protocol}//${hostPort(host, reached)}${url.pathname}`);
}

function baseOf(url: string): string {
  return url.replace(/\/$/, '');
}

interface PrometheusAnswer {
  status: string;
  error?: string;
  data?: { resultType: string; result: unknown };
}

/** @throws Error with the start of the body if it is not JSON */
function read(text: string): PrometheusAnswer {
  try {
    return JSON.parse(text) as PrometheusAnswer;
  } catch {
    throw new Error(`it answers: ${text.trim().slice(0, longestWord)}`);
  }
}

function parse({ status, error, data }: PrometheusAnswer): Answer {
  if (status !== 'success') return { missing: `Prometheus rejects the query: ${error ?? status}` };
  const result = data?.result;
  const samples =
    data?.resultType === 'scalar'
      ? [{ value: result as [number, string] }]
      : ((result ?? []) as { value?: [number, string] }[]);
  if (samples.length > 1)
    return { missing: `the query returns ${samples.length} values; reduce them to one, such as with sum() or max()` };
  const value = Number(samples[0]?.value?.[1] ?? NaN);
  return Number.isNaN(value) ? { missing: 'Prometheus has no value yet' } : { value };
}
