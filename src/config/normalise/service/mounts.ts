import { isAbsolute, resolve } from 'node:path';
import type { ServiceInput } from '../../schema/service';
import type { BindOptions, VolumeOptions } from '../../../model/instance';
import type { ServiceMount } from '../../../model/stack';
import { isMountMode, optionsOfModes } from '../../compose/canonical/mount-modes';
import { Malformed } from '../words';

type MountInput = NonNullable<ServiceInput['volumes']>[number];

/** `name:/path[:ro]`, `/host:/path[:ro]`, `./relative:/path`, or the long form. */
export function toMount(input: MountInput, baseDir: string): ServiceMount {
  const mount = typeof input === 'string' ? parse(input) : input;
  const { source, target, type, read_only: readOnly = false } = mount;
  if (!target.startsWith('/')) throw new Malformed(`"${target}" must be an absolute path inside the container`);
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
