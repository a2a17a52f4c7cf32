import { isAbsolute, resolve } from 'node:path';
import type { ServiceInput } from '../../schema/service';
import type { BindOptions, ImageMount, VolumeOptions } from '../../../model/instance';
import { isName } from '../../../model/names';
import type { ServiceMount } from '../../../model/stack';
import { isMountMode, optionsOfModes } from '../../compose/canonical/mount-modes';
import { Malformed } from '../words';

type MountInput = NonNullable<ServiceInput['volumes']>[number];

/** `name:/path[:ro]`, `/host:/path[:ro]`, `./relative:/path`, or the long form. */
export function toMount(input: MountInput, baseDir: string): ServiceMount {
  const mount = typeof input === 'string' ? parse(input) : input;
  const { source, target, type, read_only: readOnly = false } = mount;
  if (!target.startsWith('/')) throw new Malformed(`"${target}" must be an absolute path inside the container`);
  if (type === 'image') return toImageMount(source, mount);
  if (mount.image !== undefined) throw new Malformed('has options of an image, but another type; set type: image');
  const isPath = /^[./~]/.test(source);
  if ((type ?? (isPath ? 'bind' : 'volume')) === 'volume')
    return {
      type: 'volume',
      volume: source,
      target,
      readOnly,
      ...toVolumeOptions(mount),
      ...(mount.volume?.per_replica && { perReplica: true as const }),
    };
  if (source.startsWith('~'))
    throw new Malformed(`"${source}" starts with ~, which is not expanded; write the whole path`);
  refuseRecursion(mount);
  const relative = !isAbsolute(source);
  return {
    type: 'bind',
    source: relative ? resolve(baseDir, source) : source,
    target,
    readOnly,
    relative,
    ...toBindOptions(mount),
  };
}

type LongMount = Extract<MountInput, { target: string }>;

function toImageMount(image: string, { target, read_only: readOnly = false, image: options }: LongMount): ImageMount {
  if (!isName('image', image))
    throw new Malformed(`"${image}" is not the name of an image; write one such as acme/data:1`);
  return {
    type: 'image',
    image,
    target,
    readOnly,
    ...(options?.subpath !== undefined && { subpath: options.subpath }),
  };
}

/** What Docker's own clients refuse. */
function refuseRecursion({ bind = {}, read_only: readOnly }: LongMount): void {
  const { recursive, propagation, selinux } = bind;
  if (recursive === undefined || recursive === 'enabled') return;
  if (recursive !== 'disabled' && readOnly !== true)
    throw new Malformed(`recursive: ${recursive} is for a read-only mount; add read_only: true`);
  if (recursive === 'readonly' && propagation !== 'rprivate')
    throw new Malformed('recursive: readonly needs propagation: rprivate; add it');
  if (selinux !== undefined) throw new Malformed('cannot have both recursive and selinux; keep one of them');
}

function toVolumeOptions({ volume }: LongMount): VolumeOptions {
  return {
    ...(volume?.nocopy && { noCopy: true as const }),
    ...(volume?.subpath !== undefined && { subpath: volume.subpath }),
  };
}

function toBindOptions({ bind }: LongMount): BindOptions {
  return {
    ...(bind?.create_host_path && { create: true as const }),
    ...(bind?.selinux && { selinux: bind.selinux }),
    ...(bind?.propagation && { propagation: bind.propagation }),
    ...(bind?.recursive && bind.recursive !== 'enabled' && { recursive: bind.recursive }),
  };
}

function parse(text: string): LongMount {
  const [source, target, modes, ...rest] = text.split(':');
  if (!source || !target || rest.length > 0) {
    throw new Malformed(
      `"${text}" is not a mount; write "name:/path" with the volume under ` +
        'the top-level volumes, or "/host/path:/path:ro"',
    );
  }
  const words = modes?.split(',') ?? [];
  const unknown = words.find((mode) => !isMountMode(mode));
  if (unknown !== undefined) throw new Malformed(`"${unknown}" is not a mount mode; use ro or rw`);
  return { source, target, ...optionsOfModes(words) };
}
