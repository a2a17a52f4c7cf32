import { isAbsolute, resolve } from 'node:path';
import type { ServiceInput } from '../../schema/service';
import type { BindOptions, VolumeOptions } from '../../../model/instance';
import type { ServiceMount } from '../../../model/stack';
import { Malformed } from '../words';

type MountInput = NonNullable<ServiceInput['volumes']>[number];

/** `name:/path[:ro]`, `/host:/path[:ro]`, `./relative:/path`, or the long form. */
export function toMount(input: MountInput, baseDir: string): ServiceMount {
  const { source, target, readOnly, type } =
    typeof input === 'string'
      ? parse(input)
      : {
          source: input.source,
          target: input.target,
          readOnly: input.read_only ?? false,
          type: input.type,
        };
  const options = typeof input === 'string' ? {} : input;
  if (!target.startsWith('/')) throw new Malformed(`"${target}" must be an absolute path inside the container`);
  const isPath = /^[./~]/.test(source);
  if ((type ?? (isPath ? 'bind' : 'volume')) === 'volume')
    return { type: 'volume', volume: source, target, readOnly, ...toVolumeOptions(options) };
  if (source.startsWith('~'))
    throw new Malformed(`"${source}" starts with ~, which is not expanded; write the whole path`);
  const relative = !isAbsolute(source);
  return {
    type: 'bind',
    source: relative ? resolve(baseDir, source) : source,
    target,
    readOnly,
    relative,
    ...toBindOptions(options),
  };
}

type LongMount = Partial<Extract<MountInput, { target: string }>>;

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

function parse(text: string): { source: string; target: string; readOnly: boolean; type?: 'volume' | 'bind' } {
  const [source, target, mode, ...rest] = text.split(':');
  if (!source || !target || rest.length > 0) {
    throw new Malformed(
      `"${text}" is not a mount; write "name:/path" with the volume under ` +
        'the top-level volumes, or "/host/path:/path:ro"',
    );
  }
  if (mode !== undefined && mode !== 'ro' && mode !== 'rw')
    throw new Malformed(`"${mode}" is not a mount mode; use ro or rw`);
  return { source, target, readOnly: mode === 'ro' };
}
