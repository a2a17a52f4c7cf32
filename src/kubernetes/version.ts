/** Minor version of Kubernetes 1: since 1.30 a `preStop` hook can sleep. */
export const oldestMinor = 30;
