import { isCredentialFile, isCredentialKey, isCredentialVariable } from '../../model/names/credential-names';
import {
  fillTemplate,
  parseTemplate,
  references,
  TemplateError,
  type Reference,
  type Template,
} from '../../model/text/template';
import type { SecretVariables } from '../given-variables';
import type { Finding } from '../problems';
import { isData } from './overlay';
import { hasMark, mark } from '../../model/text/marks';

/** The result of {@link interpolate}: data with variables filled in, names of the used variables, and problems. */
export interface Interpolated {
  data: unknown;
  used: Set<string>;
  /** Variables that are secret, or in texts that look like credentials. */
  concealed: Set<string>;
  /** Variables without a value, also those with a default. */
  missing: Set<string>;
  findings: Finding[];
  /** One for each unset `$NAME`, which is left as written. */
  warnings: Finding[];
}

export interface InterpolateOptions {
  dialect?: 'stack' | 'compose';
  secret?: SecretVariables;
  standIns?: StandIns;
}

/** What stands in for values, so that they can be found again in what is made of a file. */
export interface StandIns {
  /** The text to fill in for a reference instead of its value. */
  replace(part: Reference, value: string, path: (string | number)[]): string;
  /** Takes a required variable that is not set; its reference is its value. */
  unset(finding: Finding): void;
}

/** The problem of a text with a character that only {@link mark} may use. */
export const markProblem = 'contains a character that no text may contain (U+FDD0 or U+FDD1); remove it';

const noSecrets: SecretVariables = { names: new Set(), files: new Set(), storedAreKnown: false };

/**
 * Fills in variables by the syntax of the Compose Specification ({@link parseTemplate}). In a stack file, an unset
 * `${NAME}` without a default is a problem, and an unset `$NAME` is left to the shell of the container, with a warning;
 * in a Compose file both are empty, with a warning. Values that look like credentials are marked as {@link mark} does,
 * because a stack is stored with the release; those of secret variables are marked already.
 */
export function interpolate(
  data: unknown,
  variables: Record<string, string | undefined>,
  { dialect = 'stack', secret = noSecrets, standIns }: InterpolateOptions = {},
): Interpolated {
  const used = new Set<string>();
  const concealed = new Set<string>();
  const missing = new Set<string>();
  const findings: Finding[] = [];
  const warnings: Finding[] = [];
  const valueOf = (name: string) => (Object.hasOwn(variables, name) ? variables[name] : undefined);
  const known = (name: string) => {
    const value = valueOf(name);
    if (secret.files.has(name))
      throw new TemplateError(`the value of ${name} is not text, so it can only be a file: name it under secrets`);
    if (value === undefined) missing.add(name);
    else if (hasMark(value) && !secret.names.has(name))
      throw new TemplateError(`the value of ${name} contains a character that no text may contain (U+FDD0 or U+FDD1)`);
    return value;
  };
  const isLeft = (part: Reference) => dialect === 'stack' && isBare(part) && valueOf(part.name) === undefined;

  const text = (value: string, path: (string | number)[]): string => {
    if (hasMark(value)) {
      findings.push({ path, message: markProblem });
      return '';
    }
    try {
      const template = parseTemplate(value);
      const isSecret = secretParts(value, path);
      for (const part of references(template))
        if (secret.names.has(part.name) || (isSecret(part) && !isLeft(part))) concealed.add(part.name);
      const unset = (part: Reference, message = '') => {
        if (dialect === 'compose' && !part.operator) {
          if (!standIns) warnings.push({ path, message: emptyWarning(part) });
          return '';
        }
        if (isLeft(part)) warnings.push({ path, message: leftWarning(part) });
        else {
          const finding = { path, message: unsetProblem(part, message, secret.storedAreKnown) };
          if (standIns) standIns.unset(finding);
          else findings.push(finding);
        }
        return part.source;
      };
      const fill = (part: Template) => fillTemplate(part, known, unset, (name) => used.add(name));
      const isMarked = (part: Reference) => !isLeft(part) && [part, ...references(part.rest)].some(isSecret);
      const valueOfPart = (part: Template[number]) => {
        if (typeof part === 'string') return part;
        const filled = fill([part]);
        const value = isMarked(part) && !hasMark(filled) ? mark(filled) : filled;
        return standIns ? standIns.replace(part, value, path) : value;
      };
      return template.map(valueOfPart).join('');
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      findings.push({ path, message: error.message });
      return value;
    }
  };

  const visit = (value: unknown, path: (string | number)[]): unknown => {
    if (typeof value === 'string') return value.includes('$') || hasMark(value) ? text(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (isData(value))
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
    return value;
  };

  return { data: visit(data, []), used, concealed, missing, findings, warnings };
}

/** True for `$NAME` without braces. */
function isBare({ name, source }: Reference): boolean {
  return source === `$${name}`;
}

function leftWarning({ name, source }: Reference): string {
  return (
    `the variable ${name} is not set, so ${source} is left for the shell of the ` +
    `container; write $${source} if you mean that, or \${${name}} to require a value`
  );
}

function emptyWarning({ name }: Reference): string {
  return (
    `the variable ${name} is not set, so it is empty here; ` +
    `set it in .env, with --set ${name}=… or in the environment`
  );
}

function unsetProblem({ name }: Reference, message: string, isStorable: boolean): string {
  const hint = message ? `: ${message}` : '';
  const stored = isStorable ? `store it with \`deploy-code secret set ${name}\`, ` : '';
  return (
    `the variable ${name} is not set${hint}; ${stored}set it with --set ${name}=… or ` +
    `in the environment, or write a default: \${${name}:-value}`
  );
}

/**
 * Tells which references of a text look like credentials: all of them by the key of the text or its `KEY=`, else those
 * with a name of one.
 */
function secretParts(value: string, path: (string | number)[]): (part: Reference) => boolean {
  const isOf = (section: string) => path[0] === section || (path[0] === 'services' && path[2] === section);
  if (isOf('secrets')) return () => false;
  const last = path.at(-1);
  const key = typeof last === 'number' ? value.split('=')[0]! : String(last);
  if (isCredentialFile(key)) return () => false;
  if (!isOf('configs') && isCredentialKey(key) && !key.includes('$')) return () => true;
  return ({ name }) => isCredentialVariable(name);
}
