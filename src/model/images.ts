import type { ObservedImage } from './observation';

/** The pinned images of a release, by reference. */
export type PinnedImages = Record<string, Omit<ObservedImage, 'reference'>>;
