const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,128}';
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const hostPart = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const registry = `(?:${hostPart}(?:\\.${hostPart})*|\\[[0-9a-fA-F:.]{2,45}\\])(?::[0-9]{1,5})?`;
const pathPart = '[a-z0-9]+(?:(?:[._]|__|-{1,16})[a-z0-9]+)*';

/** Docker's grammar of image references (github.com/distribution/reference). Ids of images fit it too. */
export const imageReference = new RegExp(
  `^(?=.{1,520}$)(?:${registry}/)?${pathPart}(?:/${pathPart})*(?::${tag})?(?:@${digest})?$`,
);

const contentAddress = /^sha256:[0-9a-f]{64}$/;

/** Whether a reference is an image id (its content address): it names no registry, and cannot be pulled. */
export function isContentAddress(reference: string): boolean {
  return contentAddress.test(reference);
}

/**
 * The host of the registry that Docker pulls a reference from; undefined for Docker Hub. By Docker's rule: a first part
 * with a dot, a colon or an upper-case letter is a host, and so is `localhost`.
 */
export function registryHost(reference: string): string | undefined {
  const [first, ...rest] = reference.split('/');
  const isHost = rest.length > 0 && (/[.:A-Z]/.test(first!) || first === 'localhost');
  return isHost ? first : undefined;
}
