import { volumesOfMount } from '../../model/stack/mounted-volumes';
import { runtimeOf } from '../../model/stack/runtime-of';
import { at, eachService, type Rule } from './rule';

const amounts = ['cpus', 'memory', 'gpus', 'storage'] as const;

/** Reservations must not exceed limits, and limits must be large enough to start an instance. */
export const resourcesPossible: Rule = eachService(({ reserve, limit, ...service }) => [
  ...amounts.flatMap((amount) =>
    (reserve[amount] ?? 0) > (limit[amount] ?? Infinity)
      ? [
          at(
            service as never,
            ['resources', 'reserve', amount],
            `reserves more ${amount} than the limit allows; lower it, or raise the limit`,
          ),
        ]
      : [],
  ),
  ...((limit.memory ?? Infinity) < 6 * 1024 ** 2
    ? [at(service as never, ['resources', 'limit', 'memory'], 'is less than 6M, the minimum of Docker')]
    : []),
  ...((limit.cpus ?? 1) <= 0 ? [at(service as never, ['resources', 'limit', 'cpus'], 'must be more than 0')] : []),
]);

/** Allows one writer for each volume that is not shared: two writers can corrupt each other's data. */
export const oneWriterPerVolume: Rule = ({ stack }) => {
  const writers = new Map<string, string>();
  return Object.values(stack.services).flatMap((service) =>
    service.mounts.flatMap((mount, index) => {
      if (mount.type !== 'volume' || mount.readOnly || stack.volumes[mount.volume]?.shared) return [];
      const other = writers.get(mount.volume);
      writers.set(mount.volume, service.name);
      const remedy =
        'mount it read-only here, or set ' + `volumes.${mount.volume}.shared: true if the software can share it`;
      if (other !== undefined && other !== service.name)
        return [at(service, ['volumes', index], `${other} already writes to the volume ${mount.volume}; ${remedy}`)];
      return service.replicas > 1 && !mount.perReplica
        ? [
            at(
              service,
              ['volumes', index],
              `${service.replicas} replicas would write to the volume ${mount.volume} at once; ${remedy}`,
            ),
          ]
        : [];
    }),
  );
};

/** A volume for each replica is one that the engine creates, for containers on Docker, under a name of its own. */
export const replicaVolumesPossible: Rule = eachService((service, { stack, file }) =>
  service.mounts.flatMap((mount, index) => {
    if (mount.type !== 'volume' || !mount.perReplica) return [];
    const refuse = (message: string) => [at(service, ['volumes', index], message)];
    if (runtimeOf(service, stack) !== 'docker') return refuse('per_replica is for containers on Docker; remove it');
    if (service.replicas > 1 && stack.volumes[mount.volume]?.external)
      return refuse(
        `replicas of their own volumes cannot share the external volume ${mount.volume}; remove per_replica`,
      );
    const taken = volumesOfMount(mount, service).find(
      (key) => key !== mount.volume && file.volumes && Object.hasOwn(file.volumes, key),
    );
    return taken === undefined ? [] : refuse(`${taken} is also a volume of the file; rename it`);
  }),
);
