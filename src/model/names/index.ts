/**
 * The one grammar for every name that comes from outside. Stack files, command lines, clients, activities and workflows
 * all check against it, so no other text reaches a query, a path, an address or a workflow id.
 */

import { runtimeNames } from '../runtimes';
import { imageReference } from './image-reference';
import { networkModeProblem } from './network-modes';
import { registryPattern } from './registry';

interface Grammar {
  pattern: RegExp;
  hint: string;
}

const word: Grammar = {
  pattern: /^[a-z0-9][a-z0-9_-]{0,39}$/,
  hint: 'use lower-case letters, digits, - and _, at most 40, starting with a letter or digit',
};
const object: Grammar = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/,
  hint: 'use letters, digits, _, . and -, at most 255, starting with a letter or digit',
};
const namespacePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const clusterPart = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const clusterObject = new RegExp(`^(?=.{1,253}$)${clusterPart}(?:\\.${clusterPart})*$`);
const account = '[A-Za-z0-9_][A-Za-z0-9_.@$-]{0,63}';
const vaultPart = '[^\\s/#?%\\\\\\p{Cc}]+';
const vaultPath = new RegExp(`^(?=.{1,512}$)(?!(?:.*/)?\\.{1,2}(?:/|$))${vaultPart}(?:/${vaultPart})*$`, 'u');

const grammars = {
  stack: word,
  environment: word,
  service: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    hint: 'use letters, digits, -, _ and ., at most 63, starting with a letter or digit',
  },
  mac: {
    pattern: /^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$/,
    hint: 'write a MAC address such as 02:42:ac:11:65:43',
  },
  schedule: word,
  trigger: word,
  host: {
    pattern: /^[a-z0-9][a-z0-9-]{0,39}$/,
    hint: 'use lower-case letters, digits and -, at most 40, starting with a letter or digit',
  },
  namespace: {
    pattern: namespacePattern,
    hint: 'write the name of a namespace: lower-case letters, digits and -, at most 63',
  },
  /** An image as Docker names it: `[registry[:port]/]path[:tag][@digest]`, or by its id. */
  image: {
    pattern: imageReference,
    hint: 'write the name of an image such as nginx:1.28, ghcr.io/acme/api:1 or acme/api@sha256:…',
  },
  /** A cluster object that the engine did not create. */
  object: {
    pattern: clusterObject,
    hint: 'write a Kubernetes name: lower-case letters, digits, - and ., at most 253',
  },
  alias: {
    pattern: /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/,
    hint: 'write a host name: letters, digits, -, _ and .',
  },
  user: { pattern: new RegExp(`^${account}(?::${account})?$`), hint: 'write a user, or user:group, by name or number' },
  variable: {
    pattern: /^[!-<>-~]{1,256}$/,
    hint: 'write the name of a variable: printable characters without = and spaces, at most 256',
  },
  label: {
    pattern: /^[!-<>-~]{1,256}$/,
    hint: 'write the key of a label: printable characters without = and spaces, at most 256',
  },
  signal: { pattern: /^(?:[A-Za-z][A-Za-z0-9+-]{1,19}|[0-9]{1,3})$/, hint: 'write a signal such as SIGINT' },
  capability: { pattern: /^[A-Za-z_]{2,40}$/, hint: 'write a capability such as NET_ADMIN' },
  driver: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9_./:-]{0,199}$/,
    hint: 'write the name of a logging driver such as json-file',
  },
  zone: {
    pattern: /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
    hint: 'use letters, digits, _, . and -, at most 63',
  },
  /** Path of a Vault secret or secrets engine. No segment can escape the path. */
  vaultPath: {
    pattern: vaultPath,
    hint: 'write a path such as shop/postgres, without empty parts, .., ?, #, % and spaces',
  },
  vaultKey: { pattern: /^[^\s#\p{Cc}]{1,256}$/u, hint: 'write a key such as password' },
  /** A container that the engine did not create, as Docker names it. */
  container: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{1,254}$/,
    hint: 'write the name of a container: letters, digits, _, . and -, 2 to 255, starting with a letter or digit',
  },
  /** Objects that the engine creates. */
  instance: object,
  volume: object,
  network: object,
  secret: object,
  /** A secret that is stored for an environment. */
  stored: {
    pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/,
    hint: 'use letters, digits, _, . and -, at most 100, starting with a letter, a digit or _',
  },
  /** A sealed value, at most 256 KiB. */
  ciphertext: {
    pattern: /^v1\.[0-9a-f]{16}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{22,350000}$/,
    hint: 'seal the value with the key of the engine',
  },
  /** The host of an image registry, in its one spelling. */
  registry: {
    pattern: registryPattern,
    hint: 'write a host with a dot or a port, such as ghcr.io or registry.example.com:5000, without a path',
  },
  /** Who logs in at a registry. HTTP allows no colon in it. */
  registryUser: {
    pattern: /^[^\s:\p{Cc}\p{Cf}]{1,200}$/u,
    hint: 'write a user without spaces and colons, at most 200 characters',
  },
  /** A version of a certificate; names its folder. */
  version: { pattern: /^[0-9a-f]{16}$/, hint: 'write 16 hexadecimal digits' },
  /** Token of a challenge of a CA (RFC 8555, 8.3); names a file. */
  token: { pattern: /^[A-Za-z0-9_-]{16,200}$/, hint: 'use letters, digits, _ and -, from 16 to 200' },
  /** Names in the load balancer's configuration and folders. */
  route: {
    pattern: /^[A-Za-z0-9_.-]+(=[A-Za-z0-9._~+-]+)+$/,
    hint: 'write service=port, with =host and =path if it has them',
  },
  hostname: {
    pattern: /^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i,
    hint: 'write a host name such as shop.example.com or *.example.com, at most 253 characters',
  },
  path: {
    pattern: /^(?=.{1,500}$)\/(?!.*\/\/)(?!.*\/\.{1,2}(\/|$))[A-Za-z0-9/._~-]*$/,
    hint: 'write a path such as /api, of letters, digits and / . _ ~ -, without // or /./, at most 500 characters',
  },
  range: { pattern: /^[0-9A-Fa-f.:]{2,45}\/\d{1,3}$/, hint: 'write a network such as 10.0.0.0/8' },
  /** Where the load balancer sends requests. */
  address: { pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}:\d{1,5}$/, hint: 'write NAME:PORT' },
  /** Who is given a role. */
  subject: {
    pattern: /^(?:user|group|service):[A-Za-z0-9](?:[A-Za-z0-9_.@+-]{0,118}[A-Za-z0-9])?$/,
    hint: 'write user:NAME, group:NAME or service:NAME, of letters, digits, _, ., @, + and -, at most 120',
  },
  /** What a role is given for. */
  scope: {
    pattern: /^(?:\*|[a-z0-9][a-z0-9_-]{0,39}(?:\/[a-z0-9][a-z0-9_-]{0,39})?)$/,
    hint: 'write STACK/ENVIRONMENT, STACK for all its environments, or * for everything',
  },
  tokenId: { pattern: /^[0-9a-f]{16}$/, hint: 'write the id, 16 hexadecimal digits, as the list shows it' },
  /** What an identity provider calls a group; the part of a subject after `group:`. */
  group: {
    pattern: /^[A-Za-z0-9](?:[A-Za-z0-9_.@+-]{0,118}[A-Za-z0-9])?$/,
    hint: 'write a name of letters, digits, _, ., @, + and -, at most 120',
  },
  /** 32 bytes in base64url: an Ed25519 public key, or its thumbprint. */
  keyId: { pattern: /^[A-Za-z0-9_-]{43}$/, hint: 'write 43 characters of base64url' },
  /** A local user: `user:NAME` without its beginning. */
  localUser: {
    pattern: /^[A-Za-z0-9](?:[A-Za-z0-9_.@+-]{0,118}[A-Za-z0-9])?$/,
    hint: 'use letters, digits, _, ., @, + and -, at most 120, starting and ending with a letter or digit',
  },
  passwordDigest: {
    pattern: /^scrypt\$(?:1[0-9]|20)\$(?:[1-9]|1[0-6])\$[1-4]\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/,
    hint: 'write scrypt$LOG2N$R$P$SALT$HASH',
  },
  /** Secret of an authenticator app, in base32. */
  totpSecret: { pattern: /^[A-Z2-7]{32}$/, hint: 'write 32 characters of base32' },
  /** Bytes in base64url, such as the id or the public key of a passkey. */
  bytes: { pattern: /^[A-Za-z0-9_-]{16,1400}$/, hint: 'use letters, digits, _ and -, from 16 to 1400' },
  /** SHA-256 in hexadecimal digits. */
  digest: { pattern: /^[0-9a-f]{64}$/, hint: 'write 64 hexadecimal digits' },
  /** Of Git: SHA-1 or SHA-256. */
  commit: {
    pattern: /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/,
    hint: 'write the whole hash of a commit: 40 hexadecimal digits',
  },
  /** Id of a request; part of its workflow id. */
  request: {
    pattern: /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/,
    hint: 'use letters, digits, _, ., : and -, at most 200, starting with a letter or digit',
  },
} as const satisfies Record<string, Grammar>;

/** A kind of name; each has its grammar. */
export type NameKind = keyof typeof grammars;

/** An invalid name from the caller: exit code 2, and a retry does not help. */
export class NameProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NameProblem';
  }
}

/** Pattern and advice of a kind of name, for schemas. */
export function grammarOf(kind: NameKind): Grammar {
  return grammars[kind];
}

/** True for a valid name of a kind. Properties of every JavaScript object, such as `constructor`, are not valid. */
export function isName(kind: NameKind, value: unknown): value is string {
  return typeof value === 'string' && grammars[kind].pattern.test(value) && !(value in {});
}

/** Returns the name. @throws NameProblem if it is not valid */
export function requireName(kind: NameKind, value: unknown): string {
  if (isName(kind, value)) return value;
  throw new NameProblem(`${shown(value)} is not a valid name (${wordsOf(kind)}): ${grammars[kind].hint}`);
}

/** `tokenId` as `token id`. */
function wordsOf(kind: NameKind): string {
  return kind.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}

/**
 * Returns the name of an instance, a volume or a network; on a cluster prefixed with its namespace, `shop-staging/api`.
 * @throws NameProblem
 */
export function requireObject(kind: 'instance' | 'volume' | 'network', value: unknown): string {
  const parts = typeof value === 'string' ? value.split('/') : [];
  if (parts.length !== 2) return requireName(kind, value);
  requireName('namespace', parts[0]);
  requireName(kind, parts[1]);
  return value as string;
}

/** Returns the name of a network to join. @throws NameProblem, also if Docker reads it as a mode such as `host` */
export function requireNetwork(value: unknown): string {
  const problem = typeof value === 'string' ? networkModeProblem(value) : undefined;
  if (problem !== undefined) throw new NameProblem(problem);
  return requireObject('network', value);
}

/** @throws NameProblem unless it is a whole number from `least` to `most`. `subject` begins the message. */
export function requireWhole(subject: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw new NameProblem(`${subject} must be a whole number from ${least} to ${most}`);
}

/** Returns the number of a release or a deployment. @throws NameProblem unless it is a whole number from 0 */
export function requireNumber(kind: 'release' | 'deployment', value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new NameProblem(`${shown(value)} is not the number of a ${kind}: write a whole number`);
}

/** Returns the place. @throws NameProblem if its stack or its environment is not a valid name */
export function requirePlace<P extends { stack: unknown; environment: unknown }>(place: P): P {
  requireName('stack', place.stack);
  requireName('environment', place.environment);
  return place;
}

/** True for the id of a deployment's workflow, `deployment/<stack>/<environment>/<request>`. */
export function isDeploymentId(value: unknown): value is string {
  const [kind, stack, environment, request, ...more] = typeof value === 'string' ? value.split('/') : [];
  return (
    kind === 'deployment' &&
    isName('stack', stack) &&
    isName('environment', environment) &&
    isName('request', request) &&
    more.length === 0
  );
}

/** Returns the id. @throws NameProblem if it is not the id of a deployment's workflow */
export function requireDeploymentId(value: unknown): string {
  if (isDeploymentId(value)) return value;
  throw new NameProblem(`${shown(value)} is not the id of a deployment: write deployment/STACK/ENVIRONMENT/REQUEST`);
}

/** The stack and the environment in the id of a deployment's workflow. @throws NameProblem if it is not one */
export function placeOfDeployment(id: string): { stack: string; environment: string } {
  const [, stack, environment] = requireDeploymentId(id).split('/');
  return { stack: stack!, environment: environment! };
}

/** Returns the id of a host's workflow, `host/<runtime>` or `host/<runtime>/<name>`. @throws NameProblem */
export function requireHostId(value: unknown): string {
  const [kind, runtime, name, ...more] = typeof value === 'string' ? value.split('/') : [];
  if (kind !== 'host' || !runtimeNames.some((each) => each === runtime) || more.length > 0)
    throw new NameProblem(`${shown(value)} is not the id of a host: write host/RUNTIME/NAME`);
  if (name !== undefined) requireName('host', name);
  return value as string;
}

const longestShown = 60;

/** Quoted, with everything except printable ASCII escaped. */
function shown(value: unknown): string {
  if (typeof value !== 'string') return `a value of type ${typeof value}`;
  const quoted = JSON.stringify(value.length > longestShown ? `${value.slice(0, longestShown)}…` : value);
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return quoted.replace(/[^\x20-\x7e…]/g, escaped);
}
