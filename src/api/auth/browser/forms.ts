import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { lifetimes } from '../../../model/access';
import { ApiProblem } from '../../problems';
import type { AuthContext } from '../context';
import { readCookie, writeCookie } from './cookies';
import { type Html, html } from './html';

/** Forms of pages. Each has a token that only a page of this server knows for the cookie of the browser. */

const field = 'form_token';
const secretBytes = 32;

/** A hidden field for every form. */
export function formToken(context: AuthContext, request: FastifyRequest, reply: FastifyReply): Html {
  return html`<input type="hidden" name="${field}" value="${tokenOf(boundTo(context, request, reply))}" />`;
}

/** @throws ApiProblem unless a form was sent by a page of this server, to this browser */
export function requireForm(context: AuthContext, request: FastifyRequest): void {
  const { origin } = request.headers;
  const secret = readCookie(context, request, 'session') ?? readCookie(context, request, 'form');
  const given = (request.body as Record<string, unknown> | undefined)?.[field];
  const isOurs = origin === undefined || origin === context.origin;
  if (isOurs && secret !== undefined && typeof given === 'string' && isEqual(given, tokenOf(secret))) return;
  throw new ApiProblem('forbidden', 'this form was not sent by a page of this server, or it has ended', {
    advice: 'open the page again; cookies have to be allowed',
  });
}

/** The cookie of the session, or one that this makes. */
function boundTo(context: AuthContext, request: FastifyRequest, reply: FastifyReply): string {
  const known = readCookie(context, request, 'session') ?? readCookie(context, request, 'form');
  if (known !== undefined) return known;
  const secret = randomBytes(secretBytes).toString('base64url');
  writeCookie(context, reply, 'form', secret, lifetimes.idle);
  return secret;
}

function tokenOf(secret: string): string {
  return createHmac('sha256', secret).update('a form of deploy-code').digest('base64url');
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
