import { isAbsolute, resolve } from 'node:path';
import type { ServiceInput } from '../../schema/service';
import type { BindOptions, VolumeOptions } from '../../../model/instance';
import type { ServiceMount } from '../../../model/stack';
import { Malformed } from '../words';

type MountInput = NonNullable<ServiceInput['volumes']>[number];

/** `name:/path[:ro]`, `/host:/path[:ro]`, `./relative:/path`, or the long form. */
export function toMount(input: MountInput, baseDir: string): ServiceMount {
  const mount = typeof input === 'string' ? parse(input) : input;
  const { source, target, type, read_only: readOnly = false } = mount;
  if (!target.startsWith('/')) throw new Malformed(`"${target}" must be an absolute path inside the container`);
  const isPath = /^[./~]/.test(source);
  if ((type ?? (isPath ? 'bind' : 'volume')) === 'volume')
    return { type: 'volume', volume: source, target, readOnly, ...toVolumeOptions(mount) };
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
  const bind: LongMount['bind'] = {};
  const mount: LongMount = { source, target, bind };
  for (const mode of modes?.split(',') ?? []) {
    if (mode === 'ro' || mode === 'rw') mount.read_only = mode === 'ro';
    else if (mode === 'nocopy') mount.volume = { nocopy: true };
    else if (mode === 'z' || mode === 'Z') bind.selinux = mode;
    else if (isPropagation(mode)) bind.propagation = mode;
    else throw new Malformed(`"${mode}" is not a mount mode; use ro or rw`);
  }
  return mount;
}

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const;

function isPropagation(mode: string): mode is (typeof propagations)[number] {
  return (propagations as readonly string[]).includes(mode);
}
