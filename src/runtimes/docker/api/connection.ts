import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { Engine } from './engine';
import type { RegistryLogins } from '../../runtime';
import { SshAgent } from './ssh-agent';

export interface DockerConnection {
  docker: Docker;
  /** True if the engine shares files and addresses with this process. */
  local: boolean;
  /** Host at which its published ports are reached. */
  address: string;
  /** Logins for its pulls, which come before those of Docker's configuration. */
  logins?: RegistryLogins;
}

/** Address of a Docker Engine, and the worker's TLS files for it. */
export interface DockerEndpoint {
  /** `unix:///var/run/docker.sock`, `tcp://10.0.0.2:2376`, `ssh://user@10.0.0.2`. */
  url: string;
  /** Host at which its published ports are reached; default the host of the URL. */
  address?: string;
  tls?: TlsFiles;
}

export interface TlsFiles {
  ca: string;
  cert: string;
  key: string;
}

const unencrypted = 2375;
const encrypted = 2376;

/** The file names that the `docker` command expects in a certificate folder. */
export function tlsFilesIn(folder: string): TlsFiles {
  return { ca: join(folder, 'ca.pem'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
}

/** Connects like the `docker` command: `DOCKER_HOST`, `DOCKER_CERT_PATH`, else the local socket. */
export function connectDocker(endpoint: DockerEndpoint | undefined = fromEnvironment()): DockerConnection {
  if (!endpoint) return { docker: new Engine(), local: process.platform === 'linux', address: '127.0.0.1' };
  const url = new URL(endpoint.url);
  const address = endpoint.address ?? (url.hostname || '127.0.0.1');
  switch (url.protocol) {
    case 'unix:':
      return { docker: new Engine({ socketPath: url.pathname }), local: process.platform === 'linux', address };
    case 'ssh:':
      return {
        docker: new Engine({
          protocol: 'http',
          host: 'docker',
          port: 80,
          agent: new SshAgent(url),
        } as Docker.DockerOptions),
        local: false,
        address,
      };
    default:
      return { docker: new Engine(overTcp(url, endpoint.tls)), local: false, address };
  }
}

function fromEnvironment(): DockerEndpoint | undefined {
  const { DOCKER_HOST: url, DOCKER_CERT_PATH: folder, DOCKER_TLS_VERIFY: verify } = process.env;
  return url ? { url, ...(verify && folder && { tls: tlsFilesIn(folder) }) } : undefined;
}

function overTcp({ hostname: host, port }: URL, tls: TlsFiles | undefined): Docker.DockerOptions {
  if (!tls) return { protocol: 'http', host, port: Number(port || unencrypted) };
  return {
    protocol: 'https',
    host,
    port: Number(port || encrypted),
    ca: readFileSync(tls.ca),
    cert: readFileSync(tls.cert),
    key: readFileSync(tls.key),
  };
}
