/** Codes of TLS, and what they mean for somebody who looks for the cause. */
const untrusted = 'its certificate is from no CA that this machine knows; NODE_EXTRA_CA_CERTS names the file of yours';
const meanings: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS at this port',
};

/** The innermost reason: `fetch` says of every failure that it failed. */
export function reasonOf(error: unknown): string {
  const { name, message, code, cause, status } = (error ?? {}) as Record<string, unknown>;
  if (name === 'TimeoutError') return 'it took too long';
  if (typeof code === 'string' && Object.hasOwn(meanings, code)) return meanings[code]!;
  if (typeof cause === 'object' && cause !== null) return reasonOf(cause);
  if (typeof message === 'string') return message;
  return typeof status === 'number' ? `it answers with status ${status}` : String(error);
}
