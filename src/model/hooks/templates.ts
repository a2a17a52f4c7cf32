import { grammarOf, isName } from '../names';
import type { HookEvent } from '.';

const digest = /^sha256:[0-9a-f]{64}$/;
/** A tag of an image, as Docker names it. */
const tag = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const { pattern: commit } = grammarOf('commit');
const shortened = 7;

interface Placeholder {
  valueOf: (event: HookEvent) => string | undefined;
  pattern: RegExp;
  sample: string;
}

/** What a trigger may put into an image. No value has a slash, a colon or an @ that would name another image. */
const placeholders: Record<string, Placeholder> = {
  tag: { valueOf: (event) => event.tag, pattern: tag, sample: '1' },
  branch: { valueOf: (event) => event.branch, pattern: tag, sample: 'main' },
  commit: { valueOf: (event) => event.commit, pattern: commit, sample: 'a'.repeat(40) },
  short_commit: {
    valueOf: (event) => (commit.test(event.commit ?? '') ? event.commit!.slice(0, shortened) : event.commit),
    pattern: /^[0-9a-f]{7}$/,
    sample: 'abcdef0',
  },
  digest: { valueOf: (event) => event.digest, pattern: digest, sample: `sha256:${'a'.repeat(64)}` },
};

const mark = /\{([^{}]*)\}/g;

/** An image cannot be made of a template and this event. */
export class TemplateProblem extends Error {}

/** What is wrong with a template of a trigger; undefined if it is valid. */
export function templateProblem(template: string): string | undefined {
  const unknown = [...template.matchAll(mark)].find(([, name]) => !Object.hasOwn(placeholders, name!));
  if (unknown)
    return `has an unknown placeholder ${unknown[0]}; use ${Object.keys(placeholders)
      .map((name) => `{${name}}`)
      .join(', ')}`;
  const filled = template.replace(mark, (_, name: string) => placeholders[name]!.sample);
  if (!isName('image', filled)) return 'is not an image such as ghcr.io/acme/web:{tag} or ghcr.io/acme/web@{digest}';
  return /^[^{}]*$|^[^{}]+[:@][^{}/]*\{[^/]*$/.test(template)
    ? undefined
    : 'has a placeholder in the name of the repository; only a tag or a digest may come from outside';
}

/** The image of a template with the values of an event. @throws TemplateProblem if the event has none, or a bad one */
export function fillTemplate(template: string, event: HookEvent): string {
  const image = template.replace(mark, (_, name: string) => {
    const { valueOf, pattern } = placeholders[name]!;
    const value = valueOf(event);
    if (value === undefined) throw new TemplateProblem(`the event has no ${name.replace('_', ' ')} for ${template}`);
    if (pattern.test(value)) return value;
    throw new TemplateProblem(`the ${name.replace('_', ' ')} of the event cannot be part of the image ${template}`);
  });
  if (isName('image', image)) return image;
  throw new TemplateProblem(`the event makes no valid image of ${template}`);
}

/** The repository of a reference or a template, without a tag and a digest, in the one spelling of Docker Hub. */
export function repositoryOf(reference: string): string {
  const [name = ''] = reference.split('@');
  const last = name.lastIndexOf('/');
  const colon = name.indexOf(':', last + 1);
  const bare = (colon < 0 ? name : name.slice(0, colon)).toLowerCase();
  return bare.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\/(?=[^/]+$)/, '');
}
