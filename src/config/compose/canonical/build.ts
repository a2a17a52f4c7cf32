import { isData } from '../../read/overlay';
import { toHosts } from './containers';
import type { Report } from './report';
import { list, mapping, type Data } from './values';

/** `build` of a service; a text is its context. */
export function toBuild(value: unknown, report: Report): Data {
  if (!isData(value)) return { context: value };
  const build: Data = { ...value };
  for (const key of ['labels', 'additional_contexts']) if (build[key] !== undefined) build[key] = mapping(build[key]);
  for (const key of ['args', 'ssh']) if (build[key] !== undefined) build[key] = mapping(build[key], null);
  if (build.no_cache_filter !== undefined) build.no_cache_filter = list(build.no_cache_filter);
  for (const key of ['sbom', 'provenance']) if (build[key] !== undefined) build[key] = String(build[key]);
  if (build.extra_hosts !== undefined)
    build.extra_hosts = toHosts(build.extra_hosts, (path, message) => report(['extra_hosts', ...path], message));
  if (build.secrets !== undefined)
    build.secrets = list(build.secrets).map((item) => (isData(item) ? item : { source: item }));
  return build;
}
