import type { SecretMount } from '../model/instance';
import type { CertificateFile } from '../model/traffic';
import type { NginxOptions } from './nginx-config';

/** Where an instance of the load balancer has a certificate or a key. Its configuration names the same place. */
export function secretOf({ name, source, file }: CertificateFile, { owner }: NginxOptions): SecretMount {
  return { name, source, target: { path: `/run/secrets/${file}`, mode: 0o400, ...owner } };
}
