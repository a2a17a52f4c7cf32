import type { FastifyRequest } from 'fastify';
import type { NamedUser } from '../../../workflows/messages';
import { ApiProblem } from '../../problems';
import { requireForm } from '../browser/forms';
import { fieldsOf, type LocalContext } from './context';
import { progressOf, type Progress } from './progress';

/** Somebody who has proved who they are a moment ago. */
export type Proven = NamedUser & { progress: Progress };

/** The user of a form on these pages. @throws ApiProblem if they have to log in again */
export async function requireProven<Name extends string>(
  context: LocalContext,
  request: FastifyRequest,
  stages: Progress['stage'][],
  ...names: Name[]
): Promise<{ found: Proven; form: Partial<Record<Name, string>> }> {
  requireForm(context.auth, request);
  const form = fieldsOf(request, ...names);
  const found = await progressOf(context, request, ...stages);
  if (found) return { found, form };
  throw new ApiProblem('unauthenticated', 'this page has ended', { advice: 'log in again' });
}
