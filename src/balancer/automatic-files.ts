/**
 * The certificate that the engine gets by itself lies in the folder of the load balancer, outside of its configuration:
 * a link names the version in use, so that deployments and rollbacks never bring an earlier one back.
 */
export const folder = 'certificates';
export const challenges = `${folder}/challenges`;
/** The version that a load balancer starts with. */
export const initialVersion = 'initial';

/** Certificate and key in the configuration. */
export const automaticFiles = {
  certificate: `${folder}/active/certificate.pem`,
  key: `${folder}/active/key.pem`,
} as const;

/** Answers the challenges of a CA (RFC 8555, 8.3). */
export const challengeLocation = [
  'location ^~ /.well-known/acme-challenge/ {',
  '  default_type text/plain;',
  `  alias ${challenges}/;`,
  '}',
];
