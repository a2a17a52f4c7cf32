import { dirname } from 'node:path';
import { isData } from '../read/overlay';
import type { Data } from './canonical/values';
import { cleared, type ComposeDocument, type Loading, type Scope } from './loading';
import { merge } from './merge';
import { toFile, unreadable, withAbsolutePaths } from './paths';

/** A document that services are looked up in, with its data so far. */
interface Origin {
  document: ComposeDocument;
  services: Data;
}

/** Merges each service of a document over the one that it extends, in this file or another. */
export function withExtended(data: Data, document: ComposeDocument, scope: Scope, loading: Loading): Data {
  if (!isData(data.services)) return data;
  const extending = new Extending(scope, loading);
  const origin = { document, services: data.services };
  return {
    ...data,
    services: Object.fromEntries(
      Object.keys(data.services).map((name) => [name, extending.resolved(name, origin, [])]),
    ),
  };
}

class Extending {
  private readonly files = new Map<string, Origin | undefined>();

  constructor(
    private readonly scope: Scope,
    private readonly loading: Loading,
  ) {}

  /** @param chain services that led here */
  resolved(name: string, origin: Origin, chain: readonly string[]): unknown {
    const service = origin.services[name];
    if (!isData(service) || !isData(service.extends)) return service;
    const { extends: extension, ...own } = service;
    const refuse = (message: string) =>
      this.loading.refuse(origin.document.source, ['services', name, 'extends'], message);
    const wanted = String((extension as Data).service);
    const link = `${origin.document.source.file} ${name}`;
    if (chain.includes(link)) {
      refuse(`extends itself: ${[...chain, link].map((each) => each.split(' ').at(-1)).join(' -> ')}`);
      return own;
    }
    const from = this.originOf((extension as Data).file, origin, refuse);
    if (!from) return own;
    if (!Object.hasOwn(from.services, wanted)) {
      refuse(`there is no service "${wanted}" in ${from.document.source.file}`);
      return own;
    }
    const base = this.resolved(wanted, from, [...chain, link]);
    const kept = cleared({ services: { [name]: base } }, origin.document).services as Data;
    return merge(kept[name], own, ['services', name]);
  }

  private originOf(file: unknown, origin: Origin, refuse: (message: string) => void): Origin | undefined {
    if (typeof file !== 'string') return origin;
    const path = toFile(file, this.folderOf(origin));
    const problem = unreadable(path);
    if (problem === undefined) return this.load(path);
    refuse(problem);
    return undefined;
  }

  /** Relative paths begin at the project, and in an extended file at its own folder. */
  private folderOf({ document }: Origin): string {
    return this.files.has(document.source.file) ? dirname(document.source.file) : this.scope.folder;
  }

  /** The services of an extended file, with absolute paths; its `include` does not count. */
  private load(file: string): Origin | undefined {
    if (this.files.has(file)) return this.files.get(file);
    const folder = dirname(file);
    let services: Data = {};
    let last: ComposeDocument | undefined;
    for (const document of this.loading.read(file, { ...this.scope, folder })) {
      const own = isData(document.data.services) ? document.data.services : {};
      services = (merge(cleared({ services }, document), { services: own }) as Data).services as Data;
      last = document;
    }
    const absolute = withAbsolutePaths({ services }, folder).services as Data;
    const origin = last && { document: last, services: absolute };
    this.files.set(file, origin);
    return origin;
  }
}
