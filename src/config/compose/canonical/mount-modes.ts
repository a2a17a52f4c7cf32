import type { BindOptions } from '../../../model/instance';

/** Options of a mount in the long form. */
export interface MountOptions {
  read_only?: boolean;
  bind?: Pick<BindOptions, 'selinux' | 'propagation'>;
  volume?: { nocopy: boolean };
}

const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'] as const;

/** Modes of a mount in the short form. */
const modes = new Map<string, MountOptions>([
  ['ro', { read_only: true }],
  ['rw', { read_only: false }],
  ['nocopy', { volume: { nocopy: true } }],
  ['z', { bind: { selinux: 'z' } }],
  ['Z', { bind: { selinux: 'Z' } }],
  ...propagations.map((propagation): [string, MountOptions] => [propagation, { bind: { propagation } }]),
]);

export function isMountMode(word: string): boolean {
  return modes.has(word);
}

/** What modes mean together; words that are none mean nothing. */
export function optionsOfModes(words: readonly string[]): MountOptions {
  return words.reduce<MountOptions>((all, word) => {
    const { read_only = all.read_only, bind, volume = all.volume } = modes.get(word) ?? {};
    return {
      ...(read_only !== undefined && { read_only }),
      ...((all.bind || bind) && { bind: { ...all.bind, ...bind } }),
      ...(volume && { volume }),
    };
  }, {});
}
