import type { SecretMount } from '../model/instance';
import type { CertificateFile } from '../model/traffic';

/** Where an instance of the load balancer has a certificate or a key. Its configuration names the same place. */
export function secretOf({ name, source, file }: CertificateFile): SecretMount {
  return { name, source, target: { path: `/run/secrets/${file}`, mode: 0o400 } };
}
