import { cannotHonour } from '../../model/capabilities';
import { runtimeTraits } from '../../model/runtimes';
import { isData } from '../read/overlay';
import type { Finding } from '../problems';
import { runtimeOf } from '../../model/stack/runtime-of';
import { at, eachService, type Rule } from './rule';

/** Rejects keys that the runtime of a service does not support, instead of ignoring them. */
export const runtimeSupportsKeys: Rule = eachService((service, { file, stack }) =>
  cannotHonour[runtimeOf(service, stack)].flatMap((key) => {
    const path = given(file.services[service.name], key.split('.'));
    const { label } = runtimeTraits[runtimeOf(service, stack)];
    return path ? [at(service, path, `${key} is not supported by ${label}; remove it, or choose another runtime`)] : [];
  }),
);

/** The path at which the file sets a key, or undefined. `resources` written flat sets both reservation and limit. */
function given(input: unknown, key: string[]): string[] | undefined {
  const [section, kind, amount] = key;
  if (!isData(input) || input[section!] === undefined) return undefined;
  if (section !== 'resources') return [section!];
  const resources = input.resources;
  if (!isData(resources)) return undefined;
  const nested = resources[kind!];
  if (isData(nested) && (amount === undefined ? Object.keys(nested).length > 0 : nested[amount] !== undefined))
    return ['resources', kind!, ...(amount ? [amount] : [])];
  const flat = Object.keys(resources).filter(
    (each) => each !== 'reserve' && each !== 'limit' && (amount === undefined || each === amount),
  );
  return flat.length > 0 ? ['resources', flat[0]!] : undefined;
}

/** Rejects settings that need containers: processes share the host's network and files, and report no health. */
export const processKeysApply: Rule = ({ file, stack }) => {
  if (stack.runtime !== 'process') return [];
  const findings: Finding[] = (['networks', 'volumes'] as const)
    .filter((section) => Object.keys(file[section] ?? {}).length > 0)
    .map((section) => ({
      path: [section],
      message: `${section} are not supported by processes; remove them, or choose Docker`,
    }));
  for (const service of Object.values(stack.services)) {
    if (service.healthCheck?.probe.kind === 'runtime')
      findings.push(at(service, ['health_check', 'runtime'], 'processes report no health; use http, tcp or command'));
    for (const { name, path } of service.configs) {
      if (path.startsWith('/') && path !== `/${name}`)
        findings.push(
          at(
            service,
            ['configs', name],
            'configs of a process are in its own folder ($DEPLOY_CODE_FILES); write a relative path',
          ),
        );
    }
  }
  return findings;
};

/** Docker cannot copy files into a container whose root file system is read-only. */
export const filesNeedWritableRoot: Rule = eachService((service, { stack }) => {
  if (runtimeOf(service, stack) !== 'docker' || !service.readOnly) return [];
  const secrets = service.secrets.flatMap(({ target }, index) =>
    'path' in target
      ? [
          at(
            service,
            ['secrets', index],
            'cannot be written into a read_only container; use environment instead of a file',
          ),
        ]
      : [],
  );
  return [
    ...secrets,
    ...service.configs.map(({ name }) =>
      at(
        service,
        ['configs', name],
        'cannot be written into a read_only container; mount a folder, or remove read_only',
      ),
    ),
  ];
});

/** Only a server knows who somebody is. */
export const subjectsNeedAuth: Rule = ({ file: { security = {} } }) => {
  if (security.auth?.enabled) return [];
  const settings: [path: string[], given: unknown][] = [
    [['security', 'rbac', 'enabled'], security.rbac?.enabled],
    [['security', 'deployers'], security.deployers],
    [['security', 'four_eyes'], security.four_eyes],
  ];
  return settings
    .filter(([, given]) => given)
    .map(([path]) => ({
      path,
      message: 'needs security.auth.enabled, because only a server knows who somebody is; set it too',
    }));
};
