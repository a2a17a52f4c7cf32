const slash = '/';

/**
 * True if a name of a branch, a tag or a repository matches a pattern: `*` stands for any text without a slash, `**`
 * for any text. Takes time in proportion to both lengths, whatever they are.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let reached = new Set([0]);
  for (const part of pattern.split(/(\*+)/).filter(Boolean)) {
    const next = new Set<number>();
    for (const from of reached) advance(part, name, from, next);
    reached = next;
  }
  return reached.has(name.length);
}

/** Adds the positions in a name that a part of a pattern leads to from one of them. */
function advance(part: string, name: string, from: number, to: Set<number>): void {
  if (!part.startsWith('*')) {
    if (name.startsWith(part, from)) to.add(from + part.length);
    return;
  }
  for (let at = from; at <= name.length && !to.has(at); at += 1) {
    to.add(at);
    if (part === '*' && name[at] === slash) return;
  }
}

/** True if one of the patterns matches, or there are none. */
export function matchesOneOf(patterns: readonly string[] | undefined, name: string): boolean {
  return patterns === undefined || patterns.some((pattern) => matchesPattern(pattern, name));
}
