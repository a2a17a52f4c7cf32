import { extensionKey } from './loading';

type Path = (string | number)[];

/** Keys of a service in a stack file, and those of a Compose file that become them. */
const ofService: [ours: string, compose: string][] = [
  ['resources.limit.memory', 'mem_limit'],
  ['resources.limit.memory', 'deploy.resources.limits.memory'],
  ['resources.limit.cpus', 'cpus'],
  ['resources.limit.cpus', 'deploy.resources.limits.cpus'],
  ['resources.reserve.memory', 'mem_reservation'],
  ['resources.reserve.memory', 'deploy.resources.reservations.memory'],
  ['resources.reserve.cpus', 'deploy.resources.reservations.cpus'],
  ['replicas', 'scale'],
  ['replicas', 'deploy.replicas'],
  ['restart', 'deploy.restart_policy'],
  ['health_check.command', 'healthcheck.test'],
  ['health_check', 'healthcheck'],
];

/**
 * The ways in which a Compose file may write a path of a stack file, the preferred one first: under `x-deploy-code`,
 * with the keys of Compose, and as in the stack file.
 */
export function spellingsOf(path: Path): Path[] {
  const [section, name, ...below] = path;
  if (section === extensionKey || below[0] === extensionKey) return [path];
  if (section !== 'services' || name === undefined) return [[extensionKey, ...path], path];
  const converted = ofService.flatMap(([ours, compose]) => {
    const from = ours.split('.');
    const isBelow = from.every((key, index) => key === below[index]);
    return isBelow ? [[section, name, ...compose.split('.'), ...below.slice(from.length)]] : [];
  });
  return [[section, name, extensionKey, ...below], [extensionKey, ...path], ...converted, path];
}
