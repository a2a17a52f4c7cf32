import { defineQuery, defineSignal } from '@temporalio/workflow';
import type {
  CertificateKeys,
  CertificateStatus,
  CertificateTrouble,
  CertificateWish,
  IssuedCertificate,
} from '../../../model/certificates';
import { requirePlace } from '../../../model/names';
import type { Place } from '../place';
import { listOf, named, optional, partOf } from '../shape';

/** Messages to the workflow that keeps the certificate of an environment. State holds ciphertext, never a key. */

/** Id of that workflow. @throws NameProblem if a name in it is invalid */
export const certificatesId = (of: Place): string => {
  const { stack, environment } = requirePlace(of);
  return `certificates/${stack}/${environment}`;
};

export interface CertificatesState {
  /** Absent once the environment has no use for a certificate any more: the workflow ends. */
  wish?: CertificateWish;
  /** Private key of the account at the CA, sealed. */
  account?: string;
  /** Keys of the order that is not finished. */
  keys?: CertificateKeys;
  current?: IssuedCertificate;
  /** When the next certificate is ordered, in ms since the epoch. */
  renewAt?: number;
  /** `attempts`: failed ones in a row. `notBefore`: the CA wants no other one earlier, in ms since the epoch. */
  trouble?: CertificateTrouble & { task: 'order' | 'serve'; attempts: number; notBefore?: number };
  /** Times of the latest validations that failed, in ms since the epoch: CAs limit them by the hour. */
  failedAt?: number[];
}

export const certificateWish = partOf<CertificateWish>({
  hosts: listOf(named('hostname')),
  directory: 'text',
  email: optional('text'),
});

export const issuedCertificate = partOf<IssuedCertificate>({
  version: named('version'),
  certificate: named('ciphertext'),
  key: named('ciphertext'),
  hosts: listOf(named('hostname')),
  directory: 'text',
  issuer: 'text',
  notBefore: 'number',
  notAfter: 'number',
});

export const certificatesState = partOf<CertificatesState>({
  wish: optional(certificateWish),
  account: optional(named('ciphertext')),
  current: optional(issuedCertificate),
  renewAt: optional('number'),
  failedAt: optional(listOf('number')),
});

/** What the load balancer of the environment needs from now on. */
export const wishCertificateSignal = defineSignal<[CertificateWish]>('wish');
/** The environment has no use for a certificate any more. */
export const endCertificatesSignal = defineSignal('end');
export const certificateStatusQuery = defineQuery<CertificateStatus | undefined>('status');
/** The certificate with its ciphertexts, for workers. */
export const issuedCertificateQuery = defineQuery<IssuedCertificate | undefined>('issued');
