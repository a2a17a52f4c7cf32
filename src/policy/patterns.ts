/** A stack in an environment, for the placeholders of patterns. */
export interface Place {
  stack: string;
  environment: string;
}

const name = /^[a-z0-9][a-z0-9_-]{0,39}$/;

/** A pattern with `{stack}` and `{environment}` filled in; undefined without a valid place. */
export function fillIn(pattern: string, place: Place | undefined): string | undefined {
  if (!/\{(stack|environment)\}/.test(pattern)) return pattern;
  if (!place || !name.test(place.stack) || !name.test(place.environment)) return undefined;
  return pattern.replaceAll('{stack}', place.stack).replaceAll('{environment}', place.environment);
}

/** True if a text matches a pattern: `*` stands for any text without a slash, `**` for any text. */
export function matches(pattern: string, text: string, place: Place | undefined): boolean {
  const filled = fillIn(pattern, place);
  return filled !== undefined && toExpression(filled).test(text);
}

/** True if a text matches one of the patterns. */
export function matchesAny(patterns: readonly string[], text: string, place: Place | undefined): boolean {
  return patterns.some((pattern) => matches(pattern, text, place));
}

function toExpression(pattern: string): RegExp {
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part === '*') return '[^/]*';
    return part.startsWith('*') ? '.*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's');
}
