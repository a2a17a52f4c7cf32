import { joinedContainers, joinedServices, joinsIn, networkOfMode, type Namespace } from '../../../model/instance';
import { runtimeTraits } from '../../../model/runtimes';
import { runtimeOf } from '../../../model/stack/runtime-of';
import type { Service, ServiceStrategy } from '../../../model/stack';
import type { Finding } from '../../problems';
import type { ServiceInput } from '../../schema/service';
import { didYouMean } from '../../schema/suggest';
import { at, eachService, type Rule, type RuleInput } from '../rule';

/** A namespace belongs to the one running instance of another service. */
export const namespacesJoinable: Rule = eachService((service, input) =>
  joinsIn(joinedServices(service)).flatMap(({ namespace, key, name }) =>
    problemsOf(service, namespace, name, input).map((problem) => at(service, [key], problem)),
  ),
);

/** Services that share a namespace stop and start together: no two versions of them run, or fail, apart. */
export const sharedReplacedTogether: Rule = (input) => {
  const { stack } = input;
  const sharing = new Map<string, string>();
  for (const service of Object.values(stack.services))
    for (const { name } of joinsIn(joinedServices(service))) {
      sharing.set(service.name, name);
      if (!sharing.has(name)) sharing.set(name, service.name);
    }
  return eachService((service) => {
    const other = sharing.get(service.name);
    if (other === undefined || service.name === other) return [];
    const { kind } = service.strategy as ServiceStrategy;
    const shared = `shares a namespace with ${other}, so`;
    return [
      ...(kind === 'recreate'
        ? []
        : [at(service, ['strategy'], `${shared} old and new cannot run side by side; use strategy: recreate`)]),
      ...(service.onFailure === 'rollback'
        ? []
        : [at(service, ['on_failure'], `${shared} it cannot fail alone; remove on_failure`)]),
    ];
  })(input);
};

/** Only containers on Docker join others; old and new, or replicas, would meet in one namespace. */
export const outsideJoinable: Rule = eachService((service, { stack }) =>
  joinsIn(joinedContainers(service)).flatMap(({ namespace, key, name }) => {
    const refuse = (of: string, problem: string) => [at(service, [of], problem)];
    const runtime = runtimeOf(service, stack);
    if (runtimeTraits[runtime].network !== 'containers')
      return refuse(
        key,
        `container:NAME is not supported by ${runtimeTraits[runtime].label}; remove it, or choose another runtime`,
      );
    const joins = `joins a namespace of the container ${name}, so`;
    const { kind } = service.strategy as ServiceStrategy;
    return [
      ...(kind === 'recreate'
        ? []
        : refuse('strategy', `${joins} old and new cannot run side by side; use strategy: recreate`)),
      ...(service.replicas > 1 && namespace === 'network'
        ? refuse('replicas', `${joins} all ${service.replicas} would have its address and ports; set replicas to 1`)
        : []),
    ];
  }),
);

/** A network of the engine is one of containers, where the service has no name that others could reach it by. */
export const engineNetworkAlone: Rule = eachService((service, { file, stack }) => {
  const network = networkOfMode(service.networkMode);
  if (network === undefined) return [];
  const runtime = runtimeOf(service, stack);
  if (runtimeTraits[runtime].network !== 'containers')
    return [
      at(
        service,
        ['network_mode'],
        `"${network}" is not supported by ${runtimeTraits[runtime].label}, which has no networks of an engine; ` +
          'remove it, or choose another runtime',
      ),
    ];
  const input = file.services[service.name]!;
  return (['networks', 'expose'] as const)
    .filter((key) => input[key] !== undefined)
    .map((key) =>
      at(
        service,
        [key],
        `cannot be used together with network_mode: ${network}, where the service has no name; remove one of ` +
          `them, or declare ${network} under networks with external: true, and join it there`,
      ),
    );
});

/** Keys that belong to the service whose network is joined. */
const ofNetwork = [
  'networks',
  'ports',
  'expose',
  'hostname',
  'domainname',
  'mac_address',
  'dns',
  'dns_search',
  'dns_opt',
  'extra_hosts',
] as const satisfies readonly (keyof ServiceInput)[];

/** A service in the network of another one has no networks, ports and names of its own. */
export const joinedNetworkAlone: Rule = eachService((service, { file }) => {
  const outside = joinedContainers(service).network;
  const network = joinedServices(service).network ?? (outside === undefined ? undefined : `the container ${outside}`);
  if (network === undefined) return [];
  const remedy = outside === undefined ? 'move it there' : 'remove it';
  const input = file.services[service.name]!;
  return ofNetwork
    .filter((key) => input[key] !== undefined)
    .map((key) => at(service, [key], `belongs to ${network}, whose network this service joins; ${remedy}`));
});

function problemsOf(
  service: Service,
  namespace: Namespace,
  name: string,
  { file, stack }: RuleInput,
): Finding['message'][] {
  const runtime = runtimeOf(service, stack);
  const other = file.services[name] && stack.services[name];
  if (runtimeTraits[runtime].network !== 'containers')
    return namespace === 'network'
      ? [`service:NAME is not supported by ${runtimeTraits[runtime].label}; remove it, or choose another runtime`]
      : [];
  if (!other) {
    const others = Object.keys(file.services).filter((each) => each !== service.name);
    return [`there is no service "${name}"${didYouMean(name, others)}`];
  }
  if (other.kind === 'job') return [`${name} is a job, whose namespaces end with it; name a service`];
  return [
    ...(other.replicas === 1
      ? []
      : [`${name} has ${other.replicas} replicas, but only one can be joined; set its replicas to 1`]),
    ...(namespace !== 'ipc' || other.ipc === 'shareable'
      ? []
      : [`${name} keeps its shared memory to itself; set ipc: shareable there`]),
  ];
}
