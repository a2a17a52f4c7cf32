import type { CertificateRefusal, CertificateWish, IssuedCertificate } from '../../model/certificates';

/** When the engine orders certificates: pure functions of the times of certificates and of failures, in ms. */

const minute = 60_000;
const hour = 60 * minute;
/** A certificate is renewed when this part of its lifetime is left. */
const left = 1 / 3;
/** Environments that started together do not renew together: earlier by up to this part of what is left. */
const earlier = 0.1;
const firstRefusedMs = 2 * minute;
const longestRefusedMs = 3 * hour;
const firstTroubleMs = 30_000;
const longestTroubleMs = hour;
/** The longest that the engine waits because a CA says so. */
const longestAskedMs = 7 * 24 * hour;
/** Retries come later by up to this part of their wait. */
const later = 0.2;
/** Let's Encrypt allows five failed validations of a name in an hour; one is left for a person. */
const mostFailed = 4;

/** When to renew a certificate. `random`: from 0 to 1. */
export function renewalAt(
  { notBefore, notAfter }: Pick<IssuedCertificate, 'notBefore' | 'notAfter'>,
  random: number,
): number {
  const lastPart = (notAfter - notBefore) * left;
  return Math.floor(notAfter - lastPart * (1 + earlier * random));
}

/** Whether a certificate is for other names than those wished for, or of another CA. */
export function isForAnother(
  current: Pick<IssuedCertificate, 'hosts' | 'directory'>,
  { hosts, directory }: CertificateWish,
): boolean {
  return current.directory !== directory || current.hosts.join(' ') !== hosts.join(' ');
}

export interface Failure {
  /** Failed attempts in a row, with this one. */
  attempts: number;
  /** What the CA refused; absent for other trouble. */
  refusal?: CertificateRefusal;
}

/** When to try again after a failure. `random`: from 0 to 1. */
export function retryAt({ attempts, refusal }: Failure, now: number, random: number): number {
  const [first, longest] = refusal ? [firstRefusedMs, longestRefusedMs] : [firstTroubleMs, longestTroubleMs];
  const wait = Math.min(first * 2 ** Math.min(attempts - 1, 20), longest) * (1 + later * random);
  return Math.ceil(Math.max(now + wait, askedUntil(refusal, now)));
}

/** Until when a CA wants no other attempt, within reason. */
export function askedUntil(refusal: CertificateRefusal | undefined, now: number): number {
  return Math.min(refusal?.retryAt ?? 0, now + longestAskedMs);
}

/** The failed validations that still count at the CA. */
export function countedFailures(failedAt: readonly number[], now: number): number[] {
  return failedAt.filter((at) => at > now - hour).slice(-mostFailed);
}

/** The earliest time at which a person's request may make the next attempt. */
export function mayOrderAt(failedAt: readonly number[], now: number): number {
  const counted = countedFailures(failedAt, now);
  return counted.length < mostFailed ? now : counted[0]! + hour;
}
