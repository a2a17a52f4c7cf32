/** One way in which a server lets a client in, from its header `WWW-Authenticate` (RFC 9110). */
export interface Challenge {
  /** In lower case: `basic`, `bearer`. */
  scheme: string;
  /** By name in lower case. */
  parameters: Record<string, string>;
}

const separators = /[\s,]*/y;
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;

/** The challenges of a header. Text that does not fit the grammar ends the list. */
export function challengesOf(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let place = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = place;
    const found = pattern.exec(header) ?? undefined;
    if (found) place = pattern.lastIndex;
    return found;
  };
  for (;;) {
    take(separators);
    const word = take(token)?.[0].toLowerCase();
    if (word === undefined) return challenges;
    const last = challenges.at(-1);
    if (!last || !take(equals)) {
      challenges.push({ scheme: word, parameters: {} });
      continue;
    }
    const value = take(quoted)?.[1]?.replace(/\\(.)/g, '$1') ?? take(token)?.[0];
    if (value === undefined) return challenges;
    last.parameters[word] = value;
  }
}
