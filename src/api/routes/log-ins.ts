import { z } from 'zod';
import { sessionKinds } from '../../model/access';
import { endOwnSession } from '../access/own-session';
import { ApiProblem } from '../problems';
import { answerOf, done, name, named, route, type Route } from '../route';

import { time } from './answers';

/** Sessions of people who have logged in. */

const sessions = z.object({
  sessions: z.array(
    named(
      'Session',
      answerOf({
        id: z.string(),
        subject: z.string(),
        kind: z.enum(sessionKinds),
        method: z.string(),
        at: time,
        seenAt: time.describe('the last refresh'),
        until: time.describe('the end, unless it is refreshed'),
      }),
    ),
  ),
});
const params = z.object({ login: name('tokenId') });

export const logInRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/sessions',
    action: 'own',
    tag: 'access',
    summary: 'The sessions of the caller',
    answer: sessions,
    handle: async ({ client, caller }) => ({ sessions: await client.access.sessions.list(caller.subject) }),
  }),
  route({
    method: 'DELETE',
    path: '/sessions/:login',
    action: 'own',
    tag: 'access',
    summary: 'Ends a session of the caller; every server refuses it within five seconds',
    params,
    ...done,
    handle: async ({ client, access, caller, params: { login: session } }) => {
      if (caller.limit) throw new ApiProblem('forbidden', 'a token with a limit ends no sessions');
      // The same answer for the session of somebody else: nobody learns which there are.
      if (!(await endOwnSession({ client, access }, caller.subject, session)))
        throw new ApiProblem('not_found', `you have no session ${session}`);
    },
  }),
  route({
    method: 'GET',
    path: '/access/sessions',
    action: 'access.read',
    tag: 'access',
    summary: 'The sessions of everybody, newest first',
    query: z.object({ subject: name('subject').optional() }),
    answer: sessions,
    handle: async ({ client, query }) => ({ sessions: await client.access.sessions.list(query.subject) }),
  }),
  route({
    method: 'DELETE',
    path: '/access/sessions/:login',
    action: 'access.write',
    tag: 'access',
    summary: 'Ends a session; every server refuses it within five seconds',
    params,
    ...done,
    handle: ({ client, params: { login: session } }) => client.access.sessions.revoke(session),
  }),
];
