import { connect } from 'node:net';

/** How a TCP connection went: `undefined` where it was accepted, else the code of its error, or `timeout`. */
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
