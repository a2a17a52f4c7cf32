import type { Stack } from '../../src/client';
import { images } from '../support/image';
import { stackOf } from '../support/stack';
import { balancerImage, type Arena } from './arena';
import { pulledVersions } from './arena/registry-images';
import type { Random } from './random';

type Data = Record<string, unknown>;

export const stackNames = ['chaos-a', 'chaos-b', 'chaos-c'] as const;
const environment = 'test';
/** The stack whose drift the engine puts right by itself. */
export const repairing = 'chaos-c';

const breaks = ['a service crashes', 'a service never gets healthy', 'a job fails', 'an image does not exist'] as const;
export type Break = (typeof breaks)[number];

/** What differs from one version of a stack to the next. */
export interface Variant {
  note: number;
  image: string;
  replicas: number;
  cache: boolean;
  pulled?: number;
  strategy?: string;
  broken?: Break;
}

const check = {
  health_check: { http: ':8080/healthz', interval: '300ms', retries: 30, start_period: '20s' },
  stop_grace_period: '1s',
};

export function placeOf(name: string): { stack: string; environment: string } {
  return { stack: name, environment };
}

export function variantOf(arena: Arena, name: string, random: Random, note: number): Variant {
  const front = arena.hasBalancer && name === 'chaos-b';
  return {
    note,
    image: random.pick([images.app, images.next]),
    replicas: 1 + random.below(3),
    cache: random.chance(0.5),
    ...(arena.registry && random.chance(0.5) && { pulled: random.pick(pulledVersions) }),
    ...(front && { strategy: random.pick(['recreate', 'rolling', 'blue_green', 'canary']) }),
  };
}

/** Only a registry can say that there is no such image. */
export function broken({ registry }: Arena, variant: Variant, random: Random): Variant {
  return { ...variant, broken: random.pick(breaks.filter((each) => registry || each !== 'an image does not exist')) };
}

/**
 * A database with a volume, a job, services that need each other, one that nobody checks, and on one stack a front
 * door.
 */
export function toData(arena: Arena, name: string, variant: Variant): Data {
  const { note, image, replicas, cache, pulled, strategy, broken } = variant;
  const api: Data = {
    image,
    replicas,
    depends_on: { migrate: 'completed' },
    environment: { NOTE: String(note), ...(broken === 'a service crashes' && { CRASH: '1' }) },
    secrets: ['password', { source: 'token', environment: 'TOKEN' }],
    ...check,
    ...(broken === 'a service never gets healthy' && {
      health_check: { http: ':8080/nowhere', interval: '200ms', retries: 5 },
    }),
    ...(strategy && { expose: { port: 8080, host_port: 8088 }, strategy: strategies[strategy] }),
  };
  const web =
    broken === 'an image does not exist' ? arena.registry!.image(0) : pulled ? arena.registry!.image(pulled) : image;
  return {
    name,
    environment,
    ...(strategy && { infrastructure: { load_balancer: { image: balancerImage } } }),
    subscribers: { hook: { webhook: { url: arena.peer.url } } },
    watch: { interval: '1s', on_drift: name === repairing ? 'repair' : 'report' },
    deployment: { max_parallel: 6, timeout_seconds: 600, circuit_breaker_threshold: 0 },
    secrets: { password: { file: arena.secretFile }, token: { environment: 'CHAOS_SECRET' } },
    volumes: { data: {}, marks: {} },
    services: {
      store: { image: images.app, restart: 'always', volumes: ['data:/data'], ...check },
      migrate: {
        image: images.app,
        kind: 'job',
        depends_on: { store: 'healthy' },
        volumes: ['marks:/data'],
        environment: { NOTE: String(note) },
        command: ['sh', '-c', migration(broken)],
      },
      api,
      web: { image: web, depends_on: { api: 'healthy' }, ...check },
      steady: { image, restart: 'always', stop_grace_period: '1s' },
      ...(cache && { cache: { image: images.app, ...check } }),
    },
  };
}

export function toStack(arena: Arena, name: string, variant: Variant): Stack {
  return stackOf(toData(arena, name, variant));
}

/** Each container of the job leaves a mark: two marks of one container would be a job that ran twice. */
function migration(broken: Break | undefined): string {
  return `cat /etc/hostname >> /data/marks; sleep 0.5; exit ${broken === 'a job fails' ? 1 : 0}`;
}

const strategies: Record<string, unknown> = {
  recreate: 'recreate',
  rolling: { rolling: { max_surge: 1 } },
  blue_green: { blue_green: { keep_old: '1s' } },
  canary: {
    canary: {
      steps: [
        { weight: 20, bake: '1s' },
        { weight: 60, bake: '1s' },
      ],
    },
  },
};
