import { registryHost } from '../model/names/image-reference';

const hub = 'docker.io';

/** A reference without tag and digest, and with its registry: `busybox:1` becomes `docker.io/library/busybox`. */
export function imageName(reference: string): string {
  const name = reference.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const host = registryHost(name);
  if (host !== undefined && host !== hub && host !== `index.${hub}`) return name;
  const path = host === undefined ? name : name.slice(host.length + 1);
  return `${hub}/${path.includes('/') ? path : `library/${path}`}`;
}
