import type { FastifyRequest } from 'fastify';
import { ApiProblem } from '../problems';

/**
 * What needs no token is for pages of this server alone: another program of this machine may show pages of anybody.
 * @throws ApiProblem for any other page; a browser does not say the origin of each request, but that it is another one
 */
export function requireOwnPage(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site')
    throw new ApiProblem('forbidden', 'pages of another origin may not use this server');
  requireOwnOrigin(request);
}

/** @throws ApiProblem for a page of another host: it would use the session of somebody here */
export function requireOwnOrigin({ headers: given }: FastifyRequest): void {
  const { origin, host } = given;
  if (origin === undefined) return;
  const isOwn = URL.canParse(origin) && new URL(origin).host === hostIn(host ?? '', origin);
  if (!isOwn) throw new ApiProblem('forbidden', 'pages of other hosts may not follow anything here');
}

/** The host of a request as addresses have it, without the usual port of the scheme of the origin. */
function hostIn(host: string, origin: string): string {
  const scheme = origin.startsWith('https:') ? 'https' : 'http';
  return URL.canParse(`${scheme}://${host}`) ? new URL(`${scheme}://${host}`).host : '';
}
