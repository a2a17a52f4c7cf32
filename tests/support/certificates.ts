import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `ca.pem`, and for the names given `<name>-cert.pem` and `<name>-key.pem`, signed by it. */
export function makeCertificates(
  folder: string,
  of: Record<string, { address?: string; usage: 'serverAuth' | 'clientAuth' }>,
): void {
  const at = (name: string) => join(folder, name);
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'pipe' });
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=test',
    '-keyout',
    at('ca-key.pem'),
    '-out',
    at('ca.pem'),
  );
  for (const [name, { address, usage }] of Object.entries(of)) {
    writeFileSync(
      at(`${name}.cnf`),
      [`extendedKeyUsage = ${usage}`, ...(address ? [`subjectAltName = IP:${address}`] : [])].join('\n'),
    );
    openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at(`${name}-key.pem`),
      '-out',
      at(`${name}.csr`),
    );
    openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca-key.pem'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      at(`${name}.cnf`),
      '-out',
      at(`${name}-cert.pem`),
    );
  }
}
