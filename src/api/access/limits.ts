import type { FastifyInstance, FastifyRequest } from 'fastify';
import { networkOf } from '../../guard/addresses';
import { keepLatest } from '../../guard/bounded';
import { monotonicMs } from '../../guard/monotonic';
import { ApiProblem } from '../problems';

/** Requests a minute of callers by their tokens, and of everybody else by address. */

const minuteMs = 60_000;
/** A session has a message for each key that is pressed, and for each piece of output. */
const sessionFactor = 10;
/** Requests a minute that somebody makes who types. */
const rarePerMinute = 30;
const mostCallers = 5000;

/** Each throws an ApiProblem after too many requests. */
export interface Limits {
  /** `isFrequent`: of callers who type into commands. */
  countCaller(token: string, isFrequent: boolean): void;
  countAddress(request: FastifyRequest): Promise<void>;
  countRare(request: FastifyRequest): Promise<void>;
}

export function limitsOf(app: FastifyInstance, perMinute = 600): Limits {
  const [usual, frequent] = [new PerMinute(perMinute), new PerMinute(perMinute * sessionFactor)];
  const byAddress = (kind: string, max: number) => {
    const limit = app.createRateLimit({
      max,
      timeWindow: minuteMs,
      keyGenerator: ({ ip }: FastifyRequest) => `${kind} ${networkOf(ip)}`,
    });
    return async (request: FastifyRequest): Promise<void> => {
      const rate = await limit(request);
      if (!rate.isAllowed && rate.isExceeded) throw tooMany(rate.ttl);
    };
  };
  return {
    countCaller: (token, isFrequent) => (isFrequent ? frequent : usual).count(token),
    countAddress: byAddress('address', perMinute),
    countRare: byAddress('rare', Math.min(rarePerMinute, perMinute)),
  };
}

/** Counts at once: for each request, the limiter of Fastify waits several times. */
class PerMinute {
  private readonly minutes = new Map<string, { end: number; requests: number }>();

  constructor(private readonly most: number) {}

  /** @throws ApiProblem after too many requests */
  count(key: string): void {
    const now = monotonicMs();
    const minute = this.minutes.get(key);
    if (!minute || minute.end <= now) keepLatest(this.minutes, key, { end: now + minuteMs, requests: 1 }, mostCallers);
    else if ((minute.requests += 1) > this.most) throw tooMany(minute.end - now);
  }
}

function tooMany(waitMs: number): ApiProblem {
  const retryAfter = Math.ceil(waitMs / 1000);
  return new ApiProblem('too_many', `there were too many requests; try again in ${retryAfter} s`, { retryAfter });
}
