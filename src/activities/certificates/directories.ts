import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { isDirectoryUrl } from '../../model/certificates';

/** Directories of Let's Encrypt (https://letsencrypt.org/docs/acme-protocol-updates/). */
const known: Readonly<Record<string, string>> = {
  production: 'https://acme-v02.api.letsencrypt.org/directory',
  staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

/** How the worker gets certificates. */
export interface AcmeSettings {
  /** Directory for stacks that name none: `production`, `staging` or a URL; default `production`. */
  directory?: string;
  /** Certificates of private CAs to trust beside the public ones, in PEM. */
  authorities?: string;
}

/** The URL of a directory: of the stack's, or the worker's. */
export function directoryUrl(wanted: string | undefined, { directory = 'production' }: AcmeSettings): string {
  const word = wanted ?? directory;
  return Object.hasOwn(known, word) ? known[word]! : word;
}

/** The certificates to trust when a CA is called; undefined: those of Node. */
export function trustedAuthorities({ authorities }: AcmeSettings): string[] | undefined {
  return authorities === undefined ? undefined : [...rootCertificates, authorities];
}

/** Why the settings of a worker are not valid; undefined if they are. */
export function acmeProblem({ directory, authorities }: AcmeSettings): string | undefined {
  if (directory !== undefined && !Object.hasOwn(known, directory) && !isDirectoryUrl(directory))
    return 'DEPLOY_CODE_ACME_DIRECTORY is not a directory; write production, staging, or an https URL';
  if (authorities !== undefined && !areCertificates(authorities))
    return 'DEPLOY_CODE_ACME_CA_FILE contains no certificates; write them in PEM';
  return undefined;
}

function areCertificates(text: string): boolean {
  try {
    return new X509Certificate(text).ca;
  } catch {
    return false;
  }
}
