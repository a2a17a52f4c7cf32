/** The images that a release was made of, by reference: content address, digest where a registry knows one, whether the engine pulled it. */
export type PinnedImages = Record<string, { id: string; digest?: string; pulled?: boolean }>;
