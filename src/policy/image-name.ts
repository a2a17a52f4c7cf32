/** A reference without tag and digest, its registry written out: `busybox:1` is `docker.io/library/busybox`. */
export function imageName(reference: string): string {
  const name = reference.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const [first, ...rest] = name.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first!) || first === 'localhost');
  if (!hasRegistry) return `docker.io/${rest.length === 0 ? `library/${name}` : name}`;
  return first === 'index.docker.io' ? ['docker.io', ...rest].join('/') : name;
}
