import { hasWorkloads } from '../../model/runtimes';
import type { Service, Stack, StackVolume, VolumeMount } from '../../model/stack';
import { anonymousVolume, isUnnamed, volumeOfReplica } from '../../model/stack/mounted-volumes';
import { balancerName } from '../../model/traffic';
import type { ObservationIndex } from '../observation-index';
import { acts, servicesOf, type PlannedPhase, type Refusal } from '../plan';
import { contentHash } from '../service/hash';
import { strategyOf } from '../strategies/strategy-of';
import { uncovered } from './unnamed-volumes';

type Images = Pick<ObservationIndex, 'imageVolumes' | 'instancesOf'>;

/**
 * The stack with mounts for volumes that only images declare, as if the file had named them: each replica has its own,
 * which its successor gets. A volume that an instance has already goes on under the name it has. Two instances never
 * share one, so that such a service is not replaced side by side.
 */
export function withImageVolumes(stack: Stack, images: Images): Stack {
  if (hasWorkloads(stack)) return stack;
  const kept = Object.values(stack.services).flatMap((service) => {
    const mounts = keptVolumes(service, stack.volumes, images);
    return mounts.length > 0 ? [{ service, mounts }] : [];
  });
  if (kept.length === 0) return stack;
  const services = kept.map(({ service, mounts }) => [service.name, holding(service, mounts)] as const);
  const volumes = kept.flatMap(({ service, mounts }) => mounts.flatMap((mount) => newVolumes(mount, service)));
  return {
    ...stack,
    services: { ...stack.services, ...Object.fromEntries(services) },
    volumes: { ...stack.volumes, ...Object.fromEntries(volumes) },
  };
}

/** The mounts for volumes that only the image of a service declares; none if each instance gets new ones. */
export function keptVolumes(service: Service, declared: Stack['volumes'], images: Images): VolumeMount[] {
  if (!keepsImageVolumes(service)) return [];
  return uncovered(service, images).map((target) => ({
    type: 'volume',
    volume: anonymousVolume(service.name, target, declared, contentHash),
    target,
    readOnly: false,
    perReplica: true,
    ofImage: volumesNow(service.name, target, images),
  }));
}

function keepsImageVolumes(service: Service): boolean {
  if (service.name === balancerName) return false;
  return (service.imageVolumes ?? (strategyOf(service).kind === 'recreate' ? 'keep' : 'new')) === 'keep';
}

/** By ordinal: the volume without a name that Docker made for the newest instance at a path. */
function volumesNow(service: string, target: string, images: Images): Record<number, string> {
  const found = [...images.instancesOf(service)]
    .sort((a, b) => a.deployment - b.deployment)
    .flatMap(({ ordinal, mounts }) =>
      mounts.flatMap((mount) =>
        mount.type === 'volume' && mount.target === target && isUnnamed(mount.volume)
          ? [[ordinal, mount.volume] as const]
          : [],
      ),
    );
  return Object.fromEntries(found);
}

function holding(service: Service, mounts: VolumeMount[]): Service {
  const inTurn = strategyOf(service).kind === 'rolling';
  return {
    ...service,
    mounts: [...service.mounts, ...mounts],
    ...(inTurn && { strategy: { kind: 'recreate' } }),
  };
}

function newVolumes(mount: VolumeMount, { replicas }: Service): [string, StackVolume][] {
  const ordinals = Array.from({ length: Math.max(replicas, 1) }, (_, index) => index + 1);
  return ordinals
    .filter((ordinal) => mount.ofImage?.[ordinal] === undefined)
    .map((ordinal) => [volumeOfReplica(mount, ordinal), { external: false, shared: false }]);
}

/** Refuses strategies that would test or weigh a new set beside the old one, if both would write to such a volume. */
export function refuseImageVolumes({ services }: Stack): Refusal[] {
  return Object.values(services).flatMap((service) => {
    const held = service.mounts.filter((mount) => mount.type === 'volume' && mount.ofImage);
    const { kind } = strategyOf(service);
    if (held.length === 0 || kind === 'recreate') return [];
    const paths = held.map(({ target }) => target).join(', ');
    const message =
      `${kind} runs old and new instances side by side, but the image declares the volume ${paths}, which may have ` +
      'one writer only; set image_volumes: new to start each instance with an empty one, mount a shared volume or a ' +
      'tmpfs there, or use strategy: recreate';
    return [{ path: `services.${service.name}.strategy`, message }];
  });
}

/** Warns of services that the file has replaced side by side, and such a volume in turn. */
export function warnOfTurns(planned: PlannedPhase[], asked: Stack, { services }: Stack): string[] {
  return servicesOf(planned)
    .filter((each) => acts(each) && each.action !== 'create')
    .flatMap(({ name }) => {
      const [before, service] = [asked.services[name], services[name]];
      if (!before || !service || strategyOf(before).kind === strategyOf(service).kind) return [];
      const paths = service.mounts.filter((mount) => mount.type === 'volume' && mount.ofImage);
      return [
        `${name} is not replaced side by side: its image declares the volume ` +
          `${paths.map(({ target }) => target).join(', ')}, which may have one writer only`,
      ];
    });
}
