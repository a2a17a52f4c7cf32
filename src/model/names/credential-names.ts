const anywhere = /passw|passphrase|secret|token|api_?key|private_?key|access_?key|credential/i;
/** Narrower for variables: DB_PASSWORD is a credential, TOKEN_ISSUER is not. */
const atTheEnd = /(?:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|access_?key|credentials?)$/i;
/** DB_PASSWORD_FILE names a file. */
const ofFile = /_(FILE|PATH)$/i;

/** True for a key whose value is the path of a file. */
export function isCredentialFile(key: string): boolean {
  return ofFile.test(key);
}

/** True for a key of a stack file whose value is probably a credential. */
export function isCredentialKey(key: string): boolean {
  return anywhere.test(key) && !isCredentialFile(key);
}

/** True for a variable whose value is probably a credential. */
export function isCredentialVariable(name: string): boolean {
  return atTheEnd.test(name);
}
