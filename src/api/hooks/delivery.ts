import type { FastifyRequest } from 'fastify';
import { hookCredential } from '../../guard/access/hook-credential';
import { hookHeaders, longestHookHeader, type HookDelivery, type TriggerKind } from '../../model/hooks';
import type { Place } from '../../workflows/messages';

const longestSecret = 500;

/** What a request carries besides its body; undefined if it lacks what every genuine one of its kind has. */
export function deliveryOf(
  { headers, query }: Pick<FastifyRequest, 'headers' | 'query'>,
  place: Place,
  trigger: { name: string; from: TriggerKind },
): Omit<HookDelivery, 'body'> | undefined {
  const { needs, also, credential } = hookHeaders[trigger.from];
  const given = (name: string) => shortText(headers[name], longestHookHeader);
  const complete = needs.find((all) => all.every((name) => given(name) !== undefined));
  if (!complete) return undefined;
  const secretHeader = typeof credential === 'object' ? credential.header : undefined;
  const secret =
    credential === 'query'
      ? shortText((query as Record<string, unknown>).secret, longestSecret)
      : secretHeader !== undefined && complete.includes(secretHeader)
        ? given(secretHeader)
        : undefined;
  if (credential === 'query' && secret === undefined) return undefined;
  const names = [...complete, ...also].filter((name) => name !== secretHeader);
  return {
    headers: Object.fromEntries(names.flatMap((name) => (given(name) === undefined ? [] : [[name, given(name)!]]))),
    ...(secret !== undefined && { credential: hookCredential(place, trigger.name, secret) }),
  };
}

function shortText(value: unknown, longest: number): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= longest ? value : undefined;
}
