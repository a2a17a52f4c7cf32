import { accountName, automaticPair, isDirectoryUrl, type IssuedCertificate } from '../../model/certificates';
import { withinDeadline } from '../../guard/deadline';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { withHeartbeat, type ActivityScope } from '../heartbeat';
import { directoryUrl, trustedAuthorities } from './directories';
import { LoadBalancers } from './load-balancers';
import { CertificateRefused, orderCertificate } from './order';
import { CertificatePairs } from './pairs';
import { SoftwareFault } from '../failures';

type CertificateActivities = Pick<
  Activities,
  'wishCertificate' | 'makeCertificateKeys' | 'orderCertificate' | 'serveCertificate'
>;

/** One attempt: CAs validate within seconds, and may take minutes to sign. */
const attemptMs = 600_000;

/** Activities on the certificate that an environment gets by itself. */
export function certificateActivities({
  runtimes,
  secrets,
  directory: temporal,
  acme = {},
}: Dependencies): CertificateActivities {
  const order = async (
    { place, wish, keys }: Parameters<Activities['orderCertificate']>[0],
    { signal, previous, heartbeat }: Pick<ActivityScope, 'signal' | 'previous' | 'heartbeat'>,
  ): Promise<IssuedCertificate> => {
    const pairs = new CertificatePairs(secrets, place);
    const balancers = new LoadBalancers(runtimes, place);
    if (!isDirectoryUrl(wish.directory)) throw new SoftwareFault('the directory of the CA is not an https URL');
    const { pem, ...about } = await orderCertificate({
      wish,
      account: await pairs.open(accountName, keys.account),
      key: await pairs.open(automaticPair.key, keys.key),
      authorities: trustedAuthorities(acme),
      signal,
      earlier: (previous as { order?: string } | undefined)?.order,
      remember: (url) => heartbeat({ order: url }),
      answer: (answers) => balancers.answer(answers),
    });
    const { hosts, directory } = wish;
    return { ...about, hosts, directory, key: keys.key, certificate: pairs.seal(automaticPair.certificate, pem) };
  };
  return {
    wishCertificate: (place, wished) =>
      withHeartbeat(() => {
        if (!wished) return temporal.endCertificates(place);
        const { hosts, email } = wished;
        const directory = directoryUrl(wished.directory, acme);
        return temporal.wishCertificate(place, { hosts, directory, ...(email !== undefined && { email }) });
      }),

    makeCertificateKeys: (place, account) =>
      withHeartbeat(() => new CertificatePairs(secrets, place).keys(account ?? undefined)),

    orderCertificate: (input) =>
      withHeartbeat(async (scope) => {
        try {
          const issued = await withinDeadline(attemptMs, (signal) => order(input, { ...scope, signal }), scope.signal);
          return { issued };
        } catch (error) {
          if (!(error instanceof CertificateRefused)) throw error;
          return { refused: { message: error.message, ...error.refusal } };
        }
      }),

    serveCertificate: (place, issued) =>
      withHeartbeat(async () => {
        if (!(await new CertificatePairs(secrets, place).isReadable(issued))) return false;
        await new LoadBalancers(runtimes, place).serve(issued);
        return true;
      }),
  };
}
