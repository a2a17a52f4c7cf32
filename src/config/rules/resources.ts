import { at, eachService, type Rule } from './rule';

const amounts = ['cpus', 'memory', 'gpus', 'storage'] as const;

/** No instance reserves more than it may use, and no limit is too small to start with. */
export const resourcesPossible: Rule = eachService(({ reserve, limit, ...service }) => [
  ...amounts.flatMap((amount) =>
    (reserve[amount] ?? 0) > (limit[amount] ?? Infinity)
      ? [at(service as never, ['resources', 'reserve', amount], `reserves more ${amount} than its limit allows`)]
      : [],
  ),
  ...((limit.memory ?? Infinity) < 6 * 1024 ** 2
    ? [at(service as never, ['resources', 'limit', 'memory'], 'is less than 6M, the least that Docker accepts')]
    : []),
  ...((limit.cpus ?? 1) <= 0 ? [at(service as never, ['resources', 'limit', 'cpus'], 'must be more than 0')] : []),
]);

/** One writer a volume: two instances on one volume destroy each other's data. */
export const oneWriterPerVolume: Rule = ({ stack }) => {
  const writers = new Map<string, string>();
  return Object.values(stack.services).flatMap((service) =>
    service.mounts.flatMap((mount, index) => {
      if (mount.type !== 'volume' || mount.readOnly || stack.volumes[mount.volume]?.shared) return [];
      const other = writers.get(mount.volume);
      writers.set(mount.volume, service.name);
      const remedy =
        'mount it read-only here, or say ' + `volumes.${mount.volume}.shared: true if the software can share it`;
      if (other)
        return [at(service, ['volumes', index], `${other} writes to the volume ${mount.volume} already; ${remedy}`)];
      return service.replicas > 1
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
