import type { SecretMount } from './instance';

/** Options of a driver, and the sealed secrets that they refer to. */
export interface DriverOptions {
  driverOptions?: Record<string, string>;
  secrets?: SecretMount[];
}

/** A network that an environment needs. */
export interface NetworkSpec extends NetworkOptions {
  name: string;
  key: string;
  cidr?: string;
  internal: boolean;
}

/** Options of a network that go to Docker as they are. */
export interface NetworkOptions extends DriverOptions {
  driver?: string;
  ipam?: Ipam;
  ipv6?: boolean;
  attachable?: boolean;
  labels?: Record<string, string>;
}

/** Address management of a network: its driver, and pools of addresses. */
export interface Ipam {
  driver?: string;
  options?: Record<string, string>;
  pools: { subnet: string; range?: string; gateway?: string; auxiliary?: Record<string, string> }[];
}

/** A volume that an environment needs. */
export interface VolumeSpec extends DriverOptions {
  name: string;
  key: string;
  /** `service:/path` of each mount, so that a renamed volume can be recognised. */
  mountedAt: string[];
  /** On a cluster: size in bytes, storage class, and whether several pods may write at once. */
  size?: number;
  storageClass?: string;
  shared?: boolean;
  driver?: string;
  labels?: Record<string, string>;
}
