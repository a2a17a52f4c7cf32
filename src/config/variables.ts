import { isCredentialFile, isCredentialKey, isCredentialVariable } from '../model/credential-names';
import type { Finding } from './problems';
import { isData } from './overlay';

const reference = /\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?])((?:[^{}]|\$\{[^{}]*\})*))?\})/g;
/** Names also within the defaults of others. */
const anyName = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)/g;

/** What interpolation gives: the data with its variables filled in, the names it used, and what is wrong. */
export interface Interpolated {
  data: unknown;
  used: Set<string>;
  findings: Finding[];
}

/**
 * Fills in `${VAR}`, `${VAR:-default}` and `${VAR:?message}` in every text; `$$` is a dollar sign.
 * A variable under a key that looks like a credential is refused: its value would travel.
 */
export function interpolate(data: unknown, variables: Record<string, string | undefined>): Interpolated {
  const used = new Set<string>();
  const findings: Finding[] = [];

  const fill = (text: string, path: (string | number)[]): string =>
    text.replace(reference, (whole: string, name: string | undefined, operator: string | undefined, rest = '') => {
      if (name === undefined) return '$';
      const value = variables[name];
      const present = operator?.startsWith(':') ? Boolean(value) : value !== undefined;
      if (present) {
        used.add(name);
        return value!;
      }
      if (operator?.endsWith('-')) return fill(rest, path);
      findings.push({ path, message: missing(name, operator ? rest : undefined) });
      return whole;
    });

  const visit = (value: unknown, path: (string | number)[]): unknown => {
    if (typeof value === 'string') {
      if (!value.includes('$')) return value;
      const suspect = suspectedCredential(value, path);
      if (suspect) findings.push({ path, message: refuseCredential(suspect) });
      return fill(value, path);
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (isData(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
    return value;
  };

  return { data: visit(data, []), used, findings };
}

function missing(name: string, message: string | undefined): string {
  const hint = message ? `: ${message}` : '';
  return `the variable ${name} is not set${hint}; give it with --set ${name}=…, in the environment, or a default as \${${name}:-value}`;
}

/** What makes a text with variables look like a credential: its key, the `KEY` of a `KEY=value` item, or a variable's own name. */
function suspectedCredential(value: string, path: (string | number)[]): { key: string; what: string } | undefined {
  const names = [...value.matchAll(anyName)].flatMap(([, name]) => (name === undefined ? [] : [name]));
  if (names.length === 0 || path.includes('secrets') || path.includes('configs')) return undefined;
  const last = path.at(-1);
  const key = typeof last === 'number' ? value.split('=')[0]! : String(last);
  if (isCredentialFile(key)) return undefined;
  if (isCredentialKey(key) && !key.includes('$')) return { key, what: key };
  const name = names.find(isCredentialVariable);
  return name === undefined ? undefined : { key, what: `\${${name}}` };
}

function refuseCredential({ key, what }: { key: string; what: string }): string {
  return `${what} looks like a credential, and a variable's value travels with the release; declare it under the top-level secrets (file or environment of the worker) and use it with secrets: [{source: …, environment: ${key}}]`;
}
