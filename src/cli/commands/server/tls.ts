import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server } from 'node:http';
import type { SecureContextOptions, Server as TlsServer } from 'node:tls';
import { isLoopback } from '../../../model/names/registry';
import { BadRequest } from '../../../temporal/errors';
import { complain } from '../../output/terminal';

export interface TlsOptions {
  host: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsMin: '1.2' | '1.3';
  plainHttp?: boolean;
}

/** The certificate of a server that runs. */
export interface Tls {
  read(): { cert: Buffer; key: Buffer; minVersion: 'TLSv1.2' | 'TLSv1.3' };
  /** Takes a renewed certificate without a restart, until it is stopped. */
  follow(server: Server): () => void;
}

const reloadEveryMs = 10_000;

/**
 * Undefined without a certificate.
 * @throws BadRequest if tokens would travel unencrypted, or half of a certificate is given
 */
export function tlsOf({ host, tlsCert, tlsKey, tlsMin, plainHttp }: TlsOptions): Tls | undefined {
  if (tlsCert === undefined || tlsKey === undefined) {
    if (tlsCert !== tlsKey) throw new BadRequest('give both --tls-cert and --tls-key, or neither');
    if (plainHttp || isLoopback(host) || host === '::1') return undefined;
    throw new BadRequest(
      `tokens for ${host} would travel unencrypted: give --tls-cert and --tls-key, ` +
        'or --plain-http if a proxy in front of it has TLS',
    );
  }
  const read: Tls['read'] = () => ({
    cert: readPem(tlsCert),
    key: readPem(tlsKey),
    minVersion: `TLSv${tlsMin}` as const,
  });
  return { read, follow: (server) => reload(server as unknown as TlsServer, [tlsCert, tlsKey], read) };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new BadRequest(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code}); check --tls-cert and --tls-key`,
      { cause: error },
    );
  }
}

/** Keeps the old certificate while the files do not fit together. */
function reload(server: TlsServer, files: string[], read: () => SecureContextOptions): () => void {
  const renew = () => {
    try {
      server.setSecureContext(read());
    } catch (error) {
      complain(`the certificate in ${files[0]} is not usable, and the one before stays: ${(error as Error).message}`);
    }
  };
  for (const file of files) watchFile(file, { interval: reloadEveryMs, persistent: false }, renew);
  return () => files.forEach((file) => unwatchFile(file, renew));
}
