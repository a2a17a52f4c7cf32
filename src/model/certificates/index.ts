/** Certificates that the engine gets by itself for the load balancer of an environment. */

/** The certificate and its private key, as values sealed for the environment under these names. */
export const automaticPair = { certificate: 'automatic/certificate', key: 'automatic/key' } as const;
/** The private key of the account at the CA, sealed for the environment under this name. */
export const accountName = 'automatic/account';

/** Whether a text is the plain https URL of the directory of a CA. */
export function isDirectoryUrl(text: string): boolean {
  if (!/^https:\/\/[!-~]+$/.test(text) || !URL.canParse(text)) return false;
  const { username, password, hash } = new URL(text);
  return username === '' && password === '' && hash === '';
}

/** Certificates of a request: names, and the CA. */
export interface CertificateWish {
  /** Names in the certificate, sorted. */
  hosts: string[];
  /** URL of the directory of the CA. */
  directory: string;
  email?: string;
}

/** Sealed keys, made before anything is asked of the CA, so that a repeated attempt uses the same ones. */
export interface CertificateKeys {
  account: string;
  key: string;
}

/** A certificate that a CA has given. Times are in ms since the epoch. */
export interface IssuedCertificate {
  /** Digest of the certificate; names its files. */
  version: string;
  /** Sealed chain and private key, in PEM. */
  certificate: string;
  key: string;
  hosts: string[];
  /** URL of the directory of the CA. */
  directory: string;
  issuer: string;
  notBefore: number;
  notAfter: number;
}

/** Why the last attempt got no certificate. Times are in ms since the epoch. */
export interface CertificateTrouble {
  message: string;
  /** First attempt of those that failed in a row. */
  since: number;
  retryAt: number;
}

/** What the CA refused: it counts against its limits, other trouble does not. */
export interface CertificateRefusal {
  /** The CA tried to validate the names, and could not. */
  isFailedValidation: boolean;
  /** Earliest next attempt, as the CA says; in ms since the epoch. */
  retryAt?: number;
}

/** The certificate of an environment, for people and programs. */
export interface CertificateStatus {
  hosts: string[];
  directory: string;
  /** Absent until the first certificate is there: a self-signed one is served. */
  current?: Omit<IssuedCertificate, 'certificate' | 'key'>;
  /** Time of the next order, in ms since the epoch; absent while one runs. */
  renewAt?: number;
  trouble?: CertificateTrouble;
}

/** The outcome of an order: a certificate, or why the CA gives none. */
export type OrderOutcome = { issued: IssuedCertificate } | { refused: CertificateRefusal & { message: string } };
