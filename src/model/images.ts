import type { ObservedImage } from './observation';

/** The pinned images of a release, by reference. */
export type PinnedImages = Record<string, Omit<ObservedImage, 'reference'>>;

/** What to pull, and when. */
export interface ImageRequest {
  reference: string;
  policy: 'missing' | 'always' | 'never';
  /** With the policy `always`: an image that was pulled within this time, in ms, is not pulled again. */
  afterMs?: number;
  /** Such as `linux/arm64`; an image of another platform counts as missing. */
  platform?: string;
}

const architectures: Record<string, string> = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64', i386: '386' };

/** Whether an image does for a platform that is asked for: one for `linux/arm64/v8` for `linux/arm64` or `arm64`. */
export function fitsPlatform({ platform }: Pick<ObservedImage, 'platform'>, wanted: string | undefined): boolean {
  if (platform === undefined || wanted === undefined) return true;
  const [os, architecture, variant] = platform.split('/');
  const parts = wanted.toLowerCase().split('/');
  const [wantedOs, wantedArchitecture, wantedVariant] = parts.length === 1 ? ['linux', ...parts] : parts;
  return (
    os === wantedOs &&
    architecture === (architectures[wantedArchitecture!] ?? wantedArchitecture) &&
    (!wantedVariant || !variant || variant === wantedVariant)
  );
}
