/** Of Kubernetes 1: since 1.30 pods can be told to serve on for a moment before they go. */
export const oldestMinor = 30;
