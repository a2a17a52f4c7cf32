import { isAbsolute, resolve } from 'node:path';
import { mapValues } from '../../../model/map-values';
import { imageReference } from '../../../model/names/image-reference';
import { hasMark, referencesIn } from '../../../model/text/marks';
import { isRemoteContext, type BuildSecret, type ImageBuild } from '../../image-build';
import type { BuildInput } from '../../schema/build';
import { toBytes } from '../../schema/values';
import type { ServiceInput } from '../../schema/service';
import type { StackFile } from '../../schema/stack-file';
import { Malformed, toAssignments } from '../words';

export interface BuildContext {
  stack: string;
  baseDir: string;
  secrets: NonNullable<StackFile['secrets']>;
  /** The value of a secret that is a variable of this machine, or that `--secret` gives; undefined if it is not set. */
  secretValue: (secret: string, variable: string) => string | Uint8Array | undefined;
}

/** `build` of a service. @throws Malformed */
export function toImageBuild(service: string, input: ServiceInput, context: BuildContext): ImageBuild {
  const build = typeof input.build === 'string' ? { context: input.build } : input.build!;
  const folder = contextOf(build.context ?? '.', context);
  requireUsable(build);
  return {
    service,
    image: imageOf(service, input, context.stack),
    context: folder,
    dockerfile: dockerfileOf(build),
    target: build.target,
    args: toAssignments(build.args),
    labels: toAssignments(build.labels),
    secrets: (build.secrets ?? []).map((use) => toSecret(use, context)),
    ssh: toSsh(build.ssh, context),
    contexts: mapValues(toAssignments(build.additional_contexts), (other) => contextOf(other, context)),
    cacheFrom: build.cache_from ?? [],
    cacheTo: build.cache_to ?? [],
    platforms: build.platforms ?? [],
    platform: input.platform,
    tags: (build.tags ?? []).map(toReference),
    network: build.network,
    noCache: build.no_cache ?? false,
    noCacheFilter: [build.no_cache_filter ?? []].flat(),
    pull: build.pull ?? false,
    shmSize: build.shm_size === undefined ? undefined : toBytes(build.shm_size),
    extraHosts: Object.entries(toAssignments(build.extra_hosts, ':')).map((each) => each.join(':')),
    ulimits: Object.entries(build.ulimits ?? {}).map(([name, limit]) => `${name}=${ulimitOf(limit)}`),
    privileged: build.privileged ?? false,
    entitlements: build.entitlements ?? [],
    provenance: build.provenance === undefined ? undefined : String(build.provenance),
    sbom: build.sbom === undefined ? undefined : String(build.sbom),
    always: input.pull_policy === 'build',
  };
}

/** A build gets credentials in ways that no other process sees. Values of stored secrets are not known here. */
function requireUsable(build: BuildOptions): void {
  const {
    secrets: _secrets,
    args,
    context,
    additional_contexts: contexts,
    dockerfile_inline: inline,
    ...others
  } = build;
  const [stored] = referencesIn(textsIn([args, context, contexts, inline, others]).join());
  if (stored !== undefined)
    throw new Malformed(
      `uses the stored secret ${stored}, which the engine never gives out; pass it: --secret ${stored}=…`,
    );
  const names = [args, contexts].flatMap((given) => Object.keys(toAssignments(given)));
  if ([...names, ...textsIn(others)].some(hasMark))
    throw new Malformed('has a credential where others could read it; pass it under args or secrets of the build');
}

/** All texts of a value, also its keys. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return [...(Array.isArray(value) ? [] : Object.keys(value)), ...Object.values(value).flatMap(textsIn)];
}

/** The name of the image that is built for a service, as Compose names it. */
export function imageOf(service: string, { image }: Pick<ServiceInput, 'image'>, stack: string): string {
  if (image !== undefined) return image;
  const name = `${stack}-${service}`.toLowerCase();
  return imageReference.test(name) ? name : name.replace(/[^a-z0-9]+/g, '-').replace(/-$/, '');
}

type BuildOptions = Exclude<BuildInput, string>;

function dockerfileOf({ dockerfile, dockerfile_inline: inline }: BuildOptions): ImageBuild['dockerfile'] {
  if (inline === undefined) return { path: dockerfile ?? 'Dockerfile' };
  if (dockerfile !== undefined) throw new Malformed('has both dockerfile and dockerfile_inline; keep one');
  return { inline };
}

function contextOf(context: string, { baseDir }: BuildContext): string {
  return isRemoteContext(context) || isAbsolute(context) ? context : resolve(baseDir, context);
}

function toSecret(use: NonNullable<BuildOptions['secrets']>[number], context: BuildContext): BuildSecret {
  const { source, target = source } = typeof use === 'string' ? { source: use } : use;
  const declared = Object.hasOwn(context.secrets, source) ? context.secrets[source] : undefined;
  if (!declared) throw new Malformed(`the secret "${source}" is not declared; add it under the top-level secrets`);
  if (declared.file !== undefined) return { id: target, file: resolve(context.baseDir, declared.file) };
  const variable = declared.stored === true ? source : (declared.stored ?? declared.environment);
  if (variable === undefined)
    throw new Malformed(`the secret "${source}" is kept in Vault; a build takes files and variables of this machine`);
  const value = context.secretValue(source, variable);
  if (value === undefined || (typeof value === 'string' && referencesIn(value).length > 0))
    throw new Malformed(
      declared.stored === undefined
        ? `the secret "${source}" needs the variable ${variable}, which is not set; set it`
        : `the secret "${source}" is stored by the engine, which never gives it out; pass it: --secret ${variable}=…`,
    );
  return { id: target, value: textOf(source, value) };
}

/** Docker takes the value from a variable. */
function textOf(secret: string, value: string | Uint8Array): string {
  const text = typeof value === 'string' ? value : Buffer.from(value).toString('utf8');
  const isText = typeof value === 'string' || Buffer.from(text).equals(value);
  if (isText && !text.includes('\0')) return text;
  throw new Malformed(`the secret "${secret}" is not UTF-8 text; a build takes only a file for it`);
}

function toSsh(input: BuildOptions['ssh'] = [], { baseDir }: BuildContext): string[] {
  const given: [string, string | null | undefined][] =
    typeof input === 'string' || Array.isArray(input)
      ? [input].flat().map((text) => text.split(/=(.*)/s, 2) as [string, string | undefined])
      : Object.entries(input);
  return given.map(([id, path]) => (path ? `${id}=${resolve(baseDir, path)}` : id));
}

function toReference(tag: string): string {
  if (imageReference.test(tag)) return tag;
  throw new Malformed(`${JSON.stringify(tag)} is not a name of an image`);
}

function ulimitOf(limit: number | { soft: number; hard: number }): string {
  return typeof limit === 'number' ? String(limit) : `${limit.soft}:${limit.hard}`;
}
