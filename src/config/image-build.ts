/** How the image of a service is built, with every short form written out. Clients build; workers never do. */
export interface ImageBuild {
  service: string;
  /** Name of the image in the file, else `<stack>-<service>`. */
  image: string;
  /** Absolute path of a folder, or the URL of a context elsewhere. */
  context: string;
  dockerfile: { path: string } | { inline: string };
  target?: string;
  args: Record<string, string>;
  labels: Record<string, string>;
  secrets: BuildSecret[];
  /** `default`, or `id=path`. */
  ssh: string[];
  /** Absolute paths, URLs, `docker-image://…` or `service:NAME`, by name. */
  contexts: Record<string, string>;
  cacheFrom: string[];
  cacheTo: string[];
  platforms: string[];
  /** Platform of the service. */
  platform?: string;
  tags: string[];
  network?: string;
  noCache: boolean;
  noCacheFilter: string[];
  pull: boolean;
  /** Bytes. */
  shmSize?: number;
  /** `name:address`. */
  extraHosts: string[];
  /** `nofile=1024:2048`. */
  ulimits: string[];
  privileged: boolean;
  entitlements: string[];
  provenance?: string;
  sbom?: string;
  /** Build even if nothing has changed. */
  always: boolean;
}

/** A secret for `RUN --mount=type=secret,id=…`. */
export type BuildSecret = { id: string } & ({ file: string } | { value: string });

/** True for a context that is no folder of this machine: Docker fetches it. */
export function isRemoteContext(context: string): boolean {
  return /^(?:https?|git|ssh|oci|docker-image|oci-layout|service|target):|^github\.com\/|^git@/.test(context);
}
