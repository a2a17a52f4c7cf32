import { connect } from 'node:net';

/** Tries a TCP connection: resolves with undefined if it is accepted, else with the error code or `timeout`. */
export function tryTcp(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (problem?: string) => {
      socket.destroy();
      resolve(problem);
    };
    socket
      .once('connect', () => end())
      .once('timeout', () => end('timeout'))
      .once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
