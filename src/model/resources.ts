/** A network that an environment is to have. */
export interface NetworkSpec {
  name: string;
  key: string;
  cidr?: string;
  internal: boolean;
}

/** A volume that an environment is to have. */
export interface VolumeSpec {
  name: string;
  key: string;
  /** `service:/path` of each mount, so that a renamed volume is known for what it was. */
  mountedAt: string[];
  /** On a cluster: bytes, of which class, and whether several may write at once. */
  size?: number;
  storageClass?: string;
  shared?: boolean;
}
