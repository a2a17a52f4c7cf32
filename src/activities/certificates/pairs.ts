import { automaticMounts } from '../../balancer/automatic';
import { initialVersion } from '../../balancer/automatic-files';
import { nginxOptions } from '../../balancer/nginx-config';
import type { SecretMount } from '../../model/instance';
import { accountName, automaticPair, type CertificateKeys, type IssuedCertificate } from '../../model/certificates';
import { seal, sealableBytes } from '../../guard/sealing';
import type { Place } from '../../policy';
import { RuntimeError } from '../../runtimes/runtime';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import type { SecretStore } from '../secrets';
import { newKey, selfSigned } from './self-signed';

/** A certificate and its key, sealed for their environment. */
export type SealedPair = Pick<IssuedCertificate, 'certificate' | 'key'>;

/** The keys and certificates of an environment; Temporal and its histories have their ciphertext only. */
export class CertificatePairs {
  constructor(
    private readonly secrets: SecretStore,
    private readonly place: Place,
  ) {}

  /** Keys for an order: a new one for the certificate; the account keeps its own, sealed with the current key. */
  async keys(account?: string): Promise<CertificateKeys> {
    const known = account === undefined ? undefined : await this.open(accountName, account).catch(ifLost);
    return {
      account: this.seal(accountName, known ?? newKey()),
      key: this.seal(automaticPair.key, newKey()),
    };
  }

  /** The certificate of an environment if it can still be served, otherwise a self-signed one. */
  async toStartWith(hosts: readonly string[], issued: IssuedCertificate | undefined): Promise<SealedPair> {
    const isUseful = issued && issued.notAfter > Date.now() && issued.hosts.some((host) => hosts.includes(host));
    if (isUseful && (await this.isReadable(issued))) return { certificate: issued.certificate, key: issued.key };
    const { certificate, key } = await selfSigned(hosts);
    return { certificate: this.seal(automaticPair.certificate, certificate), key: this.seal(automaticPair.key, key) };
  }

  /** Whether the worker has the key of the engine that a pair was sealed with. */
  async isReadable({ certificate, key }: SealedPair): Promise<boolean> {
    const values = [this.open(automaticPair.certificate, certificate), this.open(automaticPair.key, key)];
    return (await Promise.all(values).catch(ifLost)) !== undefined;
  }

  /** @throws SoftwareFault if it was sealed with a key that the worker does not have any more */
  open(name: string, sealed: string): Promise<string> {
    return this.secrets.read(name, { sealed });
  }

  seal(name: string, value: string): string {
    const { stack, environment } = this.place;
    return seal(sealableBytes(Buffer.from(value)), this.secrets.sealingKey(), { stack, environment, name });
  }
}

/** The pair that a load balancer of an environment starts with. */
export async function startingPair(
  { secrets, directory }: Pick<Dependencies, 'secrets' | 'directory'>,
  { stack, environment }: Place,
  hosts: readonly string[],
): Promise<SealedPair> {
  const issued = await directory.issuedCertificate({ stack, environment }).catch((error: Error) => {
    throw new RuntimeError('platform', `the certificate of ${stack}/${environment} cannot be read: ${error.message}`);
  });
  return new CertificatePairs(secrets, { stack, environment }).toStartWith(hosts, issued);
}

/** The mounts of that pair. */
export function initialMounts(pair: SealedPair): SecretMount[] {
  return automaticMounts(initialVersion, pair, nginxOptions('docker'));
}

/** The key of the engine that it was sealed with is gone. */
function ifLost(error: unknown): undefined {
  if (!(error instanceof SoftwareFault)) throw error;
  return undefined;
}
