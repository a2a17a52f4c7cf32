import type { SecretMount } from '../model/instance';
import type { CertificateFile } from '../model/traffic';
import type { NginxOptions } from './nginx-config';

/** The mount of a certificate or key in the load balancer, at the path that its configuration uses. */
export function secretOf({ name, source, file }: CertificateFile, { owner }: NginxOptions): SecretMount {
  return { name, source, target: { path: `/run/secrets/${file}`, mode: 0o400, ...owner } };
}
