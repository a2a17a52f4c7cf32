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
