/** A network that an environment needs. */
export interface NetworkSpec {
  name: string;
  key: string;
  cidr?: string;
  internal: boolean;
}

/** A volume that an environment needs. */
export interface VolumeSpec {
  name: string;
  key: string;
  /** `service:/path` of each mount, so that a renamed volume can be recognised. */
  mountedAt: string[];
  /** On a cluster: size in bytes, storage class, and whether several pods may write at once. */
  size?: number;
  storageClass?: string;
  shared?: boolean;
}
