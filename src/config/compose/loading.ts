import type { SecretVariables } from '../given-variables';
import { isData } from '../read/overlay';
import { parseYamlDocuments, type SourceDocument } from '../read/document';
import type { Finding, Problem } from '../problems';
import { fitting } from '../read/fitting';
import { prune } from '../read/prune';
import { readText } from '../read/source';
import { isCredentialKey } from '../../model/names/credential-names';
import { conceal, hasMark, mark, reveal } from '../../model/text/marks';
import { interpolate } from '../read/variables';
import type { Reference } from '../../model/text/template';
import { canonical, removable } from './canonical';
import { mapValues, type Data } from './canonical/values';
import { toEnvironment, type Environment, type EnvironmentOptions } from './environment';
import { composeFile } from './schema';

/** A document of a Compose file in its canonical form, not yet merged with others. */
export interface ComposeDocument {
  source: SourceDocument;
  data: Data;
}

/** Where a file is read: its variables, and the folder of its relative paths. */
export interface Scope {
  environment: Environment;
  folder: string;
}

export interface LoadingOptions {
  /** Variables may be unset. */
  placeOnly?: boolean;
  /** Documents of files that are parsed already. */
  parsed?: ReadonlyMap<string, SourceDocument[]>;
  secret?: SecretVariables;
  standIns?: ProjectStandIns;
}

/** What stands in for values of variables while files are read. */
export interface ProjectStandIns {
  replace(
    part: Reference,
    value: string,
    at: { file: string; path: (string | number)[]; environment: Environment },
  ): string;
  unset(problem: Problem): void;
}

/** What the files of one project have in common while they are read. */
export class Loading {
  readonly documents: SourceDocument[] = [];
  readonly problems: Problem[] = [];
  /** The findings of the problems that single documents have. */
  readonly malformed: Finding[] = [];
  readonly warnings: Problem[] = [];
  /** Names of the variables that were used. */
  readonly used = new Set<string>();
  /** Names of the variables that other variables are made of. */
  readonly taken = new Set<string>();
  /** Names of the variables in texts that look like credentials. */
  readonly concealed = new Set<string>();
  /** Names of variables without a value. */
  readonly missing = new Set<string>();
  private readonly placeOnly: boolean;
  private readonly files: Map<string, SourceDocument[]>;
  readonly secret: SecretVariables;

  private readonly standIns?: ProjectStandIns;

  constructor({ placeOnly = false, parsed, secret, standIns }: LoadingOptions) {
    this.placeOnly = placeOnly;
    this.files = new Map(parsed);
    this.secret = secret ?? { names: new Set(), files: new Set(), storedAreKnown: false };
    this.standIns = standIns;
  }

  /** The variables of a folder, below those of `outer`. Those with a secret value in them are secret too. */
  environmentOf(outer: Record<string, string | undefined>, folder: string, options: EnvironmentOptions): Environment {
    return toEnvironment(outer, folder, {
      ...options,
      secret: this.secret,
      onUnset: (name) => this.missing.add(name),
      used: (name) => this.taken.add(name),
    });
  }

  /**
   * The documents of a file as they are written.
   * @throws StackFileError if the file cannot be read, or is not YAML
   */
  parsed(file: string): SourceDocument[] {
    const known = this.files.get(file);
    if (known) return known;
    const documents = parseYamlDocuments(file, readText(file));
    this.files.set(file, documents);
    return documents;
  }

  /**
   * Reads the documents of a file. Problems are collected, and what they are about is left out.
   * @param isOverride null means that an earlier file decides
   * @throws StackFileError if the file cannot be read, or is not YAML
   */
  read(file: string, scope: Scope, isOverride = false): ComposeDocument[] {
    const documents = this.parsed(file);
    if (documents.every(({ data }) => data === null))
      this.problems.push({ file, path: '', message: 'is empty; a Compose file has services' });
    return documents
      .filter(({ data }) => data !== null)
      .map((source, index) => this.toDocument(source, scope, isOverride || index > 0));
  }

  /** The value of a variable that the file passes on by its name; null if it has none. A credential is marked. */
  take(name: string, environment: Environment): string | null {
    if (!Object.hasOwn(environment, name)) {
      this.missing.add(name);
      return null;
    }
    this.used.add(name);
    const known = environment[name]!;
    const isMarked = this.secret.names.has(name);
    const isSecret = isMarked || isCredentialKey(name);
    if (isSecret) this.concealed.add(name);
    const value = !isSecret || (isMarked && hasMark(known)) ? known : mark(reveal(known));
    const reference = { name, rest: [], source: `\${${name}}` };
    return this.standIns ? this.standIns.replace(reference, value, { file: '', path: [name], environment }) : value;
  }

  /** Adds a problem at a path of a document. */
  refuse(source: SourceDocument, path: (string | number)[], message: string, meant?: string): void {
    this.malformed.push({ path, message, meant });
    this.problems.push(problemAt(source, path, message));
  }

  private toDocument(source: SourceDocument, { environment }: Scope, isOverride: boolean): ComposeDocument {
    this.documents.push(source);
    if (!isData(source.data)) {
      this.refuse(source, [], 'is not a Compose file: it is not a map with services');
      return { source, data: {} };
    }
    this.warnings.push(...source.notes.map((note) => ({ file: source.file, path: '', ...note })));
    const { file } = source;
    const standIns = this.standIns && {
      replace: (part: Reference, value: string, path: (string | number)[]) =>
        this.standIns!.replace(part, value, { file, path, environment }),
      unset: ({ path, message }: Finding) => this.standIns!.unset(problemAt(source, path, message)),
    };
    const filled = interpolate(source.data, environment, { dialect: 'compose', secret: this.secret, standIns });
    for (const name of filled.used) this.used.add(name);
    for (const name of filled.concealed) this.concealed.add(name);
    for (const name of filled.missing) this.missing.add(name);
    if (!this.placeOnly) for (const { path, message } of filled.findings) this.refuse(source, path, message);
    this.warnings.push(...filled.warnings.map(({ path, message }) => problemAt(source, path, message)));
    const extensions = this.extensionsOf(source, filled.data as Data, []);
    const written = isOverride ? withoutNulls(filled.data as Data) : filled.data;
    const { data: fits = {}, findings: unfit, asWritten } = fitting(composeFile, written);
    for (const { path, message, meant } of unfit) this.refuse(source, path, message, meant);
    const { data, findings, warnings } = canonical(fits);
    for (const { path, message } of findings) this.refuse(source, asWritten(path), message);
    this.warnings.push(...warnings.map(({ path, message }) => problemAt(source, asWritten(path), message)));
    return { source, data: { ...this.withExtensions(source, data, filled.data as Data), ...extensions } };
  }

  /** The services with their own part, which the schema has dropped. */
  private withExtensions(source: SourceDocument, data: Data, written: Data): Data {
    if (!isData(data.services) || !isData(written.services)) return data;
    const { services } = written;
    return {
      ...data,
      services: mapValues(data.services, (service, name) => {
        const own = services[name];
        if (!isData(own)) return service;
        return { ...(service as Data), ...this.extensionsOf(source, own, ['services', name]) };
      }),
    };
  }

  private extensionsOf(source: SourceDocument, data: Data, path: string[]): Data {
    const own = Object.hasOwn(data, extensionKey) ? data[extensionKey] : undefined;
    if (isData(own)) return { [extensionKey]: own };
    if (own !== undefined && own !== null)
      this.refuse(source, [...path, extensionKey], 'must be a map with keys of a stack file');
    return {};
  }
}

/** A model without what `!reset` and `!override` of a document clear. */
export function cleared(model: Data, { source }: ComposeDocument): Data {
  return prune(model, source.cleared) as Data;
}

/** The data without keys that are null, except where null removes a value. */
function withoutNulls(data: Data): Data {
  const kept = (value: Data, keeps: ReadonlySet<string>) =>
    Object.fromEntries(Object.entries(value).filter(([key, item]) => item !== null || keeps.has(key)));
  const { services } = data;
  if (!isData(services)) return kept(data, new Set());
  return {
    ...kept(data, new Set()),
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [name, isData(service) ? kept(service, removable) : service]),
    ),
  };
}

/** Our own part of a Compose file: `x-deploy-code`, at the top or in a service. */
export const extensionKey = 'x-deploy-code';

function problemAt(source: SourceDocument, path: (string | number)[], message: string): Problem {
  const { line, column } = source.locate(path);
  return { file: source.file, line, column, path: path.join('.'), message: conceal(message) };
}
