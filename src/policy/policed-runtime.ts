import { qualified } from '../kubernetes/names';
import type { InstanceSpec } from '../model/instance';
import type { VolumeSpec } from '../model/resources';
import { RuntimeError, type Runtime } from '../runtimes/runtime';
import { withFloors } from './floors';
import type { Place } from './patterns';
import { isImageAllowed, isNamespaceAllowed, judgesVolumes, refusalsOf, type RuleContext } from './rules';
import type { Policy } from './schema';
import { emptySubject, hostPathOf, subjectOfSpec } from './subject';

/**
 * Wraps the runtime of an environment: refuses everything that the worker's policy does not allow, and applies its
 * floors. Plans are checked too, but this check is the authoritative one.
 * @throws RuntimeError of kind `software`, with the rule
 */
export function policedRuntime(runtime: Runtime, context: RuleContext, place: Place): Runtime {
  const admitted = async (spec: InstanceSpec): Promise<InstanceSpec> => {
    const subject = subjectOfSpec(spec, runtime.name, await adoptedBy(spec, runtime, context.policy));
    const refused = await refusalsOf(subject, context);
    if (refused.length > 0)
      throw new RuntimeError('software', refused.map(({ path, message }) => `${path}: ${message}`).join('\n'));
    return withFloors(spec, context.policy.floors);
  };
  const mustBeAllowed = (namespace: string): void => {
    if (isNamespaceAllowed(namespace, context.policy, place)) return;
    throw new RuntimeError(
      'software',
      `the worker's policy does not allow the namespace ${namespace} (rule kubernetes.namespaces)`,
    );
  };
  const mustBeMountable = async (volume: VolumeSpec): Promise<void> => {
    const source = hostPathOf(volume);
    if (source === undefined) return;
    const refused = await refusalsOf(
      { ...emptySubject(place, runtime.name), binds: [{ path: 'volumes', source }] },
      context,
    );
    if (refused.length > 0) throw new RuntimeError('software', refused.map(({ message }) => message).join('\n'));
  };
  const mustBePullable = (image: string): void => {
    if (isImageAllowed(image, context.policy, place)) return;
    throw new RuntimeError('software', `the worker's policy does not allow ${image} (rule images.registries)`);
  };
  const { workloads, volumes, images } = runtime;
  const overrides: Partial<Runtime> = {
    create: async (spec) => runtime.create(await admitted(spec)),
    ...(volumes && {
      volumes: overlay(volumes, {
        create: async (request) => {
          if (runtime.name === 'kubernetes') mustBeAllowed(qualified(request.name).namespace);
          await mustBeMountable(request);
          return volumes.create(request);
        },
      }),
    }),
    ...(images && {
      images: overlay(images, {
        ensure: async (image, onProgress, signal) => {
          mustBePullable(image.reference);
          return images.ensure(image, onProgress, signal);
        },
      }),
    }),
    ...(workloads && {
      workloads: overlay(workloads, { apply: async (spec, force) => workloads.apply(await admitted(spec), force) }),
    }),
  };
  return overlay(runtime, overrides);
}

/** The mounted volumes that the engine did not create; read only if the policy has a rule about them. */
async function adoptedBy({ mounts }: InstanceSpec, runtime: Runtime, policy: Policy): Promise<string[]> {
  const names = mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : []));
  if (names.length === 0 || !judgesVolumes(policy)) return [];
  return (await runtime.volumes?.adopted([...new Set(names)])) ?? [];
}

/** A view of an object with some members replaced; all others act on the original. */
function overlay<T extends object>(original: T, members: Partial<T>): T {
  return new Proxy(original, {
    get(target, key) {
      if (Object.hasOwn(members, key)) return members[key as keyof T];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value as (...input: unknown[]) => unknown).bind(target) : value;
    },
  });
}
