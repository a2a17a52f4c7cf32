import { cannotHonour } from '../../model/capabilities';
import { isData } from '../read/overlay';
import type { Finding } from '../problems';
import { runtimeOf } from '../../model/stack/runtime-of';
import { at, eachService, type Rule } from './rule';

const display = { docker: 'Docker', kubernetes: 'Kubernetes', process: 'processes', memory: 'the memory runtime' };

/** What the chosen runtime cannot do is refused by name, never ignored. */
export const runtimeHonoursKeys: Rule = eachService((service, { file, stack }) =>
  cannotHonour[runtimeOf(service, stack)].flatMap((key) => {
    const path = given(file.services[service.name], key.split('.'));
    return path
      ? [
          at(
            service,
            path,
            `${display[runtimeOf(service, stack)]} cannot honour ${key}; remove it, or choose another runtime`,
          ),
        ]
      : [];
  }),
);

/** The path at which a key is given; `resources` written flat gives both reservation and limit. */
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

/** Processes share the host's network and files, and report no health of their own. */
export const processesHaveNoContainers: Rule = ({ file, stack }) => {
  if (stack.runtime !== 'process') return [];
  const findings: Finding[] = (['networks', 'volumes'] as const)
    .filter((section) => Object.keys(file[section] ?? {}).length > 0)
    .map((section) => ({
      path: [section],
      message: `processes cannot honour ${section}; remove them, or choose Docker`,
    }));
  for (const service of Object.values(stack.services)) {
    if (service.healthCheck?.probe.kind === 'runtime')
      findings.push(at(service, ['health_check', 'runtime'], 'a process reports no health; use http, tcp or command'));
    for (const { name, path } of service.configs) {
      if (path.startsWith('/') && path !== `/${name}`)
        findings.push(
          at(
            service,
            ['configs', name],
            'a process gets its configs in its own folder ($DEPLOY_CODE_FILES); give a relative path',
          ),
        );
    }
  }
  return findings;
};

/** A file inside a container cannot be written where its file system is read-only. */
export const readOnlyTakesNoFiles: Rule = eachService((service, { stack }) => {
  if (runtimeOf(service, stack) !== 'docker' || !service.readOnly) return [];
  const secrets = service.secrets.flatMap(({ target }, index) =>
    'path' in target
      ? [at(service, ['secrets', index], 'cannot be written into a read_only container; give it with environment')]
      : [],
  );
  return [
    ...secrets,
    ...service.configs.map(({ name }) =>
      at(
        service,
        ['configs', name],
        'cannot be written into a read_only container; mount a folder, or leave read_only out',
      ),
    ),
  ];
});

/** What nothing enforces is not accepted in silence. */
export const nothingUnenforced: Rule = ({ file: { security }, acceptUnenforced }) => {
  if (acceptUnenforced) return [];
  const settings: [path: string[], given: unknown][] = [
    [['security', 'auth', 'enabled'], security?.auth?.enabled],
    [['security', 'rbac', 'enabled'], security?.rbac?.enabled],
    [['security', 'tls_enabled'], security?.tls_enabled],
  ];
  return settings
    .filter(([, given]) => given)
    .map(([path]) => ({
      path,
      message:
        `nothing enforces ${path.filter((key) => key !== 'enabled').join('.')} yet; ` +
        'leave it out, or pass --accept-unenforced if you know that',
    }));
};
