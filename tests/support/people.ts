import { createApiServer, type ServerOptions } from '../../src/api';
import { emptyAccess, type AccessConfig } from '../../src/config/access';
import type { DirectClient } from '../../src/client';
import { Sessions } from '../../src/client/access/sessions';
import { SignIn } from '../../src/client/access/sign-in';
import { newSessionToken } from '../../src/guard/access/session-token';
import { UsersWorld } from './local-users';
import { Sessions as KeptSessions } from '../../src/workflows/identity/sessions';
import { SignIn as KeptSignIn } from '../../src/workflows/identity/sign-in';
import type { KeptAccess } from '../../src/workflows/messages';
import { fits, tidied, type Shape } from '../../src/workflows/messages/shape';
import { shapes } from '../../src/workflows/messages/shapes';

/** The audit trail, instead of an activity. */
const mockRecords: string[] = [];
jest.mock('../../src/workflows/support/installation', () => ({
  recordAct: async (_state: unknown, { by }: { by?: string }, what: string) => void mockRecords.push(`${by}: ${what}`),
  refusal: (message: string) => {
    const { BadRequest } = require('../../src/temporal/errors') as typeof import('../../src/temporal/errors');
    return new BadRequest(message);
  },
}));

/** The code of the workflow that keeps access, in this process: several servers can share it. */
export class AccessWorld {
  readonly state: KeptAccess = { bindings: [], tokens: {} };
  readonly records = mockRecords;
  readonly access: Record<string, unknown>;
  readonly local = new UsersWorld();
  readonly sessions: Sessions;

  constructor() {
    mockRecords.length = 0;
    const sessions = new KeptSessions(this.state);
    const signIn = new KeptSignIn(this.state, sessions);
    const updates: Record<string, [Shape, (message: never) => unknown]> = {
      openSession: [shapes.sessionOpening, (message) => sessions.open(message)],
      refreshSession: [shapes.sessionRefresh, (message) => sessions.refresh(message)],
      revokeSession: [shapes.sessionRevocation, (message) => sessions.revoke(message)],
      endSubject: [shapes.subjectEnd, (message) => signIn.endAllOf(message)],
      publishKey: [shapes.keyPublication, (message) => sessions.publish(message)],
      recordExchange: [shapes.exchangeRecord, (message) => sessions.recordExchange(message)],
      issueCode: [shapes.codeIssue, (message) => (signIn.requireRoom(), signIn.issueCode(message))],
      redeemCode: [shapes.codeRedemption, (message) => signIn.redeemCode(message)],
      requestDevice: [
        shapes.deviceRequest,
        (message) => (signIn.requireRoomForDevice(), signIn.requestDevice(message)),
      ],
      decideDevice: [shapes.deviceDecision, (message) => signIn.decideDevice(message)],
      redeemDevice: [shapes.deviceRedemption, (message) => signIn.redeemDevice(message)],
    };
    const queries: Record<string, (of: string) => unknown> = {
      sessions: () => sessions.current,
      session: (id) => sessions.find(id),
      code: (digest) => signIn.hasCode(digest),
      device: (digest) => signIn.stateOf(digest),
      userCode: (digest) => signIn.requestWith(digest),
    };
    const change = async ({ name }: { name: string }, message: unknown) => {
      const [shape, handle] = updates[name]!;
      if (!fits(message, shape)) throw new Error(`malformed message ${name}: ${JSON.stringify(message)}`);
      return copy(await handle(tidied(message, shape) as never));
    };
    const kept = {
      store: change,
      change,
      read: async ({ name }: { name: string }, of: string) => copy(queries[name]!(of)),
    } as never;
    this.sessions = new Sessions(kept);
    this.access = {
      state: async () => copy(this.state),
      recordUses: async () => undefined,
      block: async (sources: Record<string, number>) =>
        void (this.state.blocked = { ...this.state.blocked, ...sources }),
      alerts: { send: async () => undefined },
      bindings: async () => this.state.bindings,
      sessions: this.sessions,
      signIn: new SignIn(kept),
      users: this.local.users,
    };
  }

  get client(): DirectClient {
    return { access: this.access } as unknown as DirectClient;
  }
}

/** A message goes through JSON. */
function copy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

export const externalUrl = 'https://deploy.example.com';
export const host = 'deploy.example.com';

/** One of any number of servers with the same state. */
export function serverOf(
  world: AccessWorld,
  declared: Partial<AccessConfig> = {},
  options: Partial<ServerOptions> = {},
): ReturnType<typeof createApiServer> {
  return createApiServer({
    client: world.client,
    host: { bound: '127.0.0.1', allowed: [] },
    people: { externalUrl, declared: () => ({ ...emptyAccess, ...declared }) },
    perMinute: 100_000,
    version: '0',
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });
}

/** The cookies that an answer sets, as the header that a browser sends. */
export function cookiesOf({ headers }: { headers: Record<string, unknown> }): string {
  const set = [headers['set-cookie'] ?? []].flat() as string[];
  return set
    .map((line) => line.split(';')[0]!)
    .filter((pair) => !pair.endsWith('='))
    .join('; ');
}

export { formOf } from './forms';

export const formHeaders = { host, 'content-type': 'application/x-www-form-urlencoded' };

/** A browser that has logged in; its cookie. */
export async function loggedIn(world: AccessWorld, subject = 'user:ana'): Promise<string> {
  const { text, ...secrets } = newSessionToken('browser');
  await world.sessions.open({ ...secrets, subject, groups: ['ops'], method: 'test', kind: 'browser' });
  return `__Host-deploy-code=${text}`;
}

type App = Awaited<ReturnType<typeof serverOf>>;

/** A `fetch` whose requests each go to the next server. */
export function fetchFrom(...apps: App[]): typeof fetch {
  let turn = 0;
  return async (input, init = {}) => {
    const { pathname, search } = new URL(input as string);
    const answer = await apps[(turn += 1) % apps.length]!.inject({
      method: (init.method ?? 'GET') as 'GET',
      url: `${pathname}${search}`,
      headers: { ...Object.fromEntries(new Headers(init.headers)), host },
      ...(init.body !== undefined && init.body !== null && { payload: String(init.body as URLSearchParams) }),
    });
    return new Response(answer.body, { status: answer.statusCode, headers: answer.headers as Record<string, string> });
  };
}
