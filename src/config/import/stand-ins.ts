import type { Environment } from '../compose/environment';
import type { ProjectStandIns } from '../compose/loading';
import { reveal } from '../../model/text/marks';
import { references, type Reference, type Template } from '../../model/text/template';

/** A text that stands for a reference to variables. */
export interface StandIn {
  text: string;
  /** The reference as a stack file has it. */
  reference: string;
  /** What it stands for. */
  value: string;
}

type Path = (string | number)[];
type At = Parameters<ProjectStandIns['replace']>[2];

/**
 * Fills in texts that can be found again, instead of the values of variables. They look like the values: a number for a
 * number, an address for an address, so that they are read in the same way.
 */
export class StandInTexts implements ProjectStandIns {
  private known = new Map<string, StandIn>();
  private readonly found = new Map<string, Path>();
  private readonly kept = new Set<string>();

  /** `outer`: variables that the stack file will know. */
  constructor(private readonly outer: Environment) {}

  /** Forgets the texts of an earlier reading, but not where values are filled in. */
  begin(): void {
    this.known = new Map();
  }

  get all(): StandIn[] {
    return [...this.known.values()];
  }

  /** Where references are. */
  get places(): Path[] {
    return [...this.found.values()];
  }

  /** Where values are filled in. */
  get filledIn(): Path[] {
    return [...this.kept].map((place) => this.found.get(place)!);
  }

  replace(part: Reference, value: string, { file, path, environment }: At): string {
    const place = `${file} ${path.join('.')}`;
    if (isSteering(path)) return value;
    this.found.set(place, path);
    if (!this.isKnownOutside(part, environment)) this.kept.add(place);
    if (this.kept.has(place)) return value;
    const reference = written(part, this.outer);
    const key = JSON.stringify([reference, reveal(value)]);
    const text = textLike(reveal(value), this.known.size);
    const standIn = this.known.get(key) ?? { text, reference, value: reveal(value) };
    this.known.set(key, standIn);
    return standIn.text;
  }

  unset(): void {
    // Its reference stays.
  }

  /** Fills in the values at and around a path from now on. False if there are no more. */
  keep(path: string): boolean {
    const around = [...this.found]
      .filter(([place, own]) => !this.kept.has(place) && isNear(own.join('.'), path))
      .map(([place]) => place);
    for (const place of around) this.kept.add(place);
    return around.length > 0;
  }

  /** An included file may have variables of its own. */
  private isKnownOutside(part: Reference, environment: Environment): boolean {
    return [part, ...references(part.rest)].every(
      ({ name }) => name !== 'COMPOSE_PROJECT_NAME' && environment[name] === this.outer[name],
    );
  }
}

/** The values there decide what is read: they cannot be others. */
function isSteering([section, , key]: Path): boolean {
  return section === 'include' || section === 'name' || key === 'profiles' || key === 'extends';
}

function isNear(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}.`) || other.startsWith(`${path}.`);
}

/** A reference in braces; one that Compose would leave empty is so by its default. */
function written(reference: Reference, outer: Environment): string {
  const { name, operator, rest } = reference;
  if (operator === undefined) return Object.hasOwn(outer, name) ? `\${${name}}` : `\${${name}:-}`;
  return `\${${name}${operator}${rest.map((part) => templateText(part, outer)).join('')}}`;
}

function templateText(part: Template[number], outer: Environment): string {
  return typeof part === 'string' ? part.replaceAll('$', '$$$$') : written(part, outer);
}

/** Stand-ins are numbers from here on. */
const firstNumber = 41_000;

function textLike(value: string, index: number): string {
  const number = /^\d+(?:\.\d+)?([A-Za-z]{0,2})$/.exec(value);
  if (number) return `${firstNumber + (index % 20_000)}${number[1]}`;
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(value)) return `10.213.${(index >> 8) % 256}.${index % 256}`;
  const [start] = /^(?:\.{1,2}\/|~\/|\/)?/.exec(value)!;
  return `${start}standin${index}x`;
}
