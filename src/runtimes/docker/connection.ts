import Docker from 'dockerode';

export interface DockerConnection {
  docker: Docker;
  /** True where the engine shares files and addresses with this process. */
  local: boolean;
}

/** Connects as the `docker` command would: `DOCKER_HOST`, `DOCKER_CERT_PATH`, else the local socket. */
export function connectDocker(): DockerConnection {
  const host = process.env.DOCKER_HOST ?? '';
  return { docker: new Docker(), local: (host === '' || host.startsWith('unix://')) && process.platform === 'linux' };
}
