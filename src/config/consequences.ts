import type { Finding } from './problems';

type Path = readonly (string | number)[];

/** Keys of a service that decide which others it may have. */
const deciding = ['kind', 'network_mode', 'expose'];
/** Keys of a service that decide how others may depend on it. */
const dependedOn = ['kind', 'health_check', 'healthcheck'];
/** Keys that decide what all services may have. */
const ofAll = ['infrastructure', 'infrastructure.container_runtime', 'infrastructure.orchestrator'];

/** What stands in for a part that is left out, so that what refers to it is not reported too. */
export function standIn(path: Path): unknown {
  const [section, name, ...below] = path;
  if (section === 'name' && name === undefined) return 'stack';
  if (name === undefined || below.length > 0) return undefined;
  return Object.hasOwn(standIns, section!) ? standIns[section!] : undefined;
}

const standIns: Record<string, unknown> = {
  services: {},
  networks: null,
  volumes: null,
  configs: { content: '' },
  secrets: { stored: 'unread' },
};

/** Findings of later checks without those that may follow from a part that was malformed, and so was left out. */
export function withoutConsequences(findings: readonly Finding[], malformed: readonly Finding[]): Finding[] {
  const leftOut = malformed.map(intended);
  if (leftOut.some((path) => ofAll.includes(path.join('.')))) return [];
  return findings.filter(({ path }) => !leftOut.some((each) => mayFollow(path, each)));
}

/** The path of a key as it was meant: a misspelt one is missing where it belongs. */
function intended({ path, meant }: Finding): Path {
  return meant === undefined ? path : [...path.slice(0, -1), meant];
}

function mayFollow(path: Path, leftOut: Path): boolean {
  if (isWithin(path, leftOut) || (isWithin(leftOut, path) && path.length > 0)) return true;
  const [section, service, key] = leftOut;
  if (section !== 'services' || path[0] !== section) return false;
  const isDependency = path[2] === 'depends_on' && path[3] === service;
  if (isDependency) return leftOut.length === 2 || (leftOut.length === 3 && dependedOn.includes(String(key)));
  return path[1] === service && leftOut.length === 3 && deciding.includes(String(key));
}

function isWithin(path: Path, base: Path): boolean {
  return base.every((key, index) => String(path[index]) === String(key));
}
