import { isCredentialFile, isCredentialKey, isCredentialVariable } from '../../model/names/credential-names';
import { fillTemplate, parseTemplate, references, TemplateError, type Reference } from '../../model/text/template';
import type { Finding } from '../problems';
import { isData } from './overlay';

/** What interpolation gives: the data with its variables filled in, the names it used, and what is wrong. */
export interface Interpolated {
  data: unknown;
  used: Set<string>;
  findings: Finding[];
  /** Of `$NAME` that is left as it is written. */
  warnings: Finding[];
}

/**
 * Fills in the variables of every text, as the Compose Specification has them ({@link parseTemplate}). `${NAME}` that
 * is not set and has no default is a problem; `$NAME` that is not set is left for the shell of the container, and said.
 * A variable under a key that looks like a credential is refused: its value would travel.
 */
export function interpolate(data: unknown, variables: Record<string, string | undefined>): Interpolated {
  const used = new Set<string>();
  const findings: Finding[] = [];
  const warnings: Finding[] = [];
  const valueOf = (name: string) => (Object.hasOwn(variables, name) ? variables[name] : undefined);
  const isLeft = (part: Reference) => isBare(part) && valueOf(part.name) === undefined;

  const text = (value: string, path: (string | number)[]): string => {
    try {
      const template = parseTemplate(value);
      const suspect = suspectedCredential(
        value,
        references(template).filter((part) => !isLeft(part)),
        path,
      );
      if (suspect) findings.push({ path, message: refuseCredential(suspect) });
      const unset = (part: Reference, message = '') => {
        if (isLeft(part)) warnings.push({ path, message: left(part) });
        else findings.push({ path, message: missing(part, message) });
        return part.source;
      };
      return fillTemplate(template, valueOf, unset, (name) => used.add(name));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      findings.push({ path, message: error.message });
      return value;
    }
  };

  const visit = (value: unknown, path: (string | number)[]): unknown => {
    if (typeof value === 'string') return value.includes('$') ? text(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (isData(value))
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
    return value;
  };

  return { data: visit(data, []), used, findings, warnings };
}

/** Whether it is written `$NAME`, as shells have it too. */
function isBare({ name, source }: Reference): boolean {
  return source === `$${name}`;
}

function left({ name, source }: Reference): string {
  return (
    `the variable ${name} is not set, and ${source} is left for the shell of the ` +
    `container; write $${source} to say so, or \${${name}} for what has to be set`
  );
}

function missing({ name }: Reference, message: string): string {
  const hint = message ? `: ${message}` : '';
  return (
    `the variable ${name} is not set${hint}; give it with --set ${name}=…, ` +
    `in the environment, or a default as \${${name}:-value}`
  );
}

/**
 * What makes a text with variables look like a credential: its key, the `KEY` of a `KEY=value` item, or a variable's
 * own name.
 */
function suspectedCredential(
  value: string,
  used: Reference[],
  path: (string | number)[],
): { key: string; what: string } | undefined {
  if (used.length === 0 || path.includes('secrets') || path.includes('configs')) return undefined;
  const last = path.at(-1);
  const key = typeof last === 'number' ? value.split('=')[0]! : String(last);
  if (isCredentialFile(key)) return undefined;
  if (isCredentialKey(key) && !key.includes('$')) return { key, what: key };
  const found = used.find(({ name }) => isCredentialVariable(name));
  return found && { key, what: isBare(found) ? found.source : `\${${found.name}}` };
}

function refuseCredential({ key, what }: { key: string; what: string }): string {
  const asText = /^\$\w/.test(what) ? `; write $${what} for what the container shall see` : '';
  return (
    `${what} looks like a credential, and a variable's value travels with the release; declare it under the ` +
    'top-level secrets (file or environment of the worker) and use it with ' +
    `secrets: [{source: …, environment: ${key}}]${asText}`
  );
}
