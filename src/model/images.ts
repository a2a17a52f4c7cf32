import type { ObservedImage } from './observation';

/** The images that a release was made of, by reference. */
export type PinnedImages = Record<string, Omit<ObservedImage, 'reference'>>;
