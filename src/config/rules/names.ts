import { posix } from 'node:path';
import { runtimeTraits } from '../../model/runtimes';
import { runtimeOf } from '../../model/stack/runtime-of';
import type { Service, Stack } from '../../model/stack';
import { didYouMean } from '../schema/suggest';
import { at, eachService, type Rule } from './rule';
import { toTmpfs } from '../../model/stack/tmpfs';

/** Networks of a service must be declared, except `default`. */
export const networksDeclared: Rule = eachService((service, { stack }) =>
  Object.keys(service.networks)
    .filter((name) => name !== 'default' && !stack.networks[name])
    .map((name) =>
      at(
        service,
        ['networks', name],
        `the network "${name}" is not ` +
          `declared${didYouMean(name, Object.keys(stack.networks))}; add it under the top-level networks`,
      ),
    ),
);

/** A name that only one service knows means another service on the same network; Docker alone has such names. */
export const linksReachable: Rule = eachService((service, { stack }) =>
  Object.entries(service.networks).flatMap(([network, { links = {} }]) =>
    Object.entries(links).flatMap(([alias, name]) => {
      const problem = linkProblem(service, network, name, stack);
      return problem === undefined ? [] : [at(service, ['networks', network, 'links', alias], problem)];
    }),
  ),
);

function linkProblem(service: Service, network: string, name: string, stack: Stack): string | undefined {
  const runtime = runtimeTraits[runtimeOf(service, stack)];
  if (runtime.network !== 'containers') return `links are not supported by ${runtime.label}; remove it`;
  const other = Object.hasOwn(stack.services, name) ? stack.services[name]! : undefined;
  if (!other) return `there is no service "${name}"${didYouMean(name, Object.keys(stack.services))}`;
  return network in other.networks ? undefined : `${name} is not on the network "${network}"; let it join`;
}

/** Volumes of a service must be declared, so that a misspelt name never creates an empty volume. */
export const volumesDeclared: Rule = eachService((service, { stack }) =>
  service.mounts.flatMap((mount, index) =>
    mount.type === 'volume' && !(mount.volume in stack.volumes)
      ? [
          at(
            service,
            ['volumes', index],
            `the volume "${mount.volume}" is not ` +
              `declared${didYouMean(mount.volume, Object.keys(stack.volumes))}; add it under the top-level volumes`,
          ),
        ]
      : [],
  ),
);

/** Configs of a service must be declared. */
export const configsDeclared: Rule = eachService((service, { stack }) =>
  service.configs
    .filter(({ name }) => !(name in stack.configs))
    .map(({ name }) =>
      at(
        service,
        ['configs', name],
        `the config "${name}" is not ` +
          `declared${didYouMean(name, Object.keys(stack.configs))}; add it under the top-level configs`,
      ),
    ),
);

/** Mounts and files of a service have distinct paths, compared in their normal form: `/data/` is `/data`. */
export const pathsDistinct: Rule = eachService((service) => {
  const seen = new Set<string>();
  const paths = [
    ...service.mounts.map(({ target }, index) => ({ target, path: ['volumes', index] })),
    ...service.tmpfs.map((entry, index) => ({ target: toTmpfs(entry).path, path: ['tmpfs', index] })),
    ...service.configs.map(({ path, name }) => ({ target: path, path: ['configs', name] })),
    ...service.secrets.flatMap(({ target }, index) =>
      'path' in target ? [{ target: target.path, path: ['secrets', index] }] : [],
    ),
  ];
  return paths.flatMap(({ target, path }) =>
    seen.size === seen.add(posix.resolve('/', target)).size
      ? [
          at(
            service,
            path,
            `${target} is already the path of another mount or file of this service; choose another path`,
          ),
        ]
      : [],
  );
});
