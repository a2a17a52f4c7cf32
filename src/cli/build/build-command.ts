import { isAbsolute, join } from 'node:path';
import { isRemoteContext, type ImageBuild } from '../../config';
import { hasMark, reveal } from '../../model/text/marks';
import { BadRequest } from '../../temporal/errors';
import { serviceIn } from './content-hash';

/** A command of Docker that builds an image. */
export interface BuildCommand {
  words: string[];
  /** The Dockerfile, if it is not a file. */
  input?: string;
  /** Secrets and credentials, which are in no word: every process of the machine can read those. */
  variables: Record<string, string>;
}

/** What Docker builds with. `classic`: the builder of Docker without the plugin buildx. */
export type Builder = 'buildx' | 'classic';

export interface BuildTarget {
  /** The name that is deployed. */
  name: string;
  /** The image goes to a registry, for all its platforms. */
  isPushed: boolean;
  /** Names of images of other services, by service. */
  names: Record<string, string>;
}

/** The command that builds an image. @throws BadRequest if the builder cannot do what the file says */
export function buildCommand(build: ImageBuild, builder: Builder, target: BuildTarget): BuildCommand {
  const { context, dockerfile } = build;
  const variables: Record<string, string> = {};
  const words = [
    ...(builder === 'buildx' ? ofBuildx(build, target, variables) : ofClassic(build)),
    ...ofBoth(build, variables),
    ...namesOf(build, builder, target),
    `--file=${'inline' in dockerfile ? '-' : fileOf(context, dockerfile.path)}`,
    '--',
    reveal(context),
  ];
  return { words, ...('inline' in dockerfile && { input: reveal(dockerfile.inline) }), variables };
}

/** True if the image is pushed while it is built: Docker cannot keep an image for several platforms. */
export function isPushedByBuild({ platforms }: ImageBuild, { isPushed }: BuildTarget): boolean {
  return isPushed && platforms.length > 1;
}

function ofBuildx(build: ImageBuild, target: BuildTarget, variables: Record<string, string>): string[] {
  const { secrets, ssh, contexts, cacheTo, noCacheFilter, privileged, entitlements, provenance, sbom } = build;
  return [
    'buildx',
    'build',
    '--progress=plain',
    isPushedByBuild(build, target) ? '--push' : '--load',
    ...(isPushedByBuild(build, target) ? build.platforms : [platformOf(build)].filter(Boolean)).map(
      (platform) => `--platform=${platform}`,
    ),
    ...secrets.map((secret, index) => {
      if ('file' in secret) return `--secret=id=${secret.id},src=${secret.file}`;
      const variable = `DEPLOY_CODE_BUILD_SECRET_${index}`;
      variables[variable] = reveal(secret.value);
      return `--secret=id=${secret.id},env=${variable}`;
    }),
    ...ssh.map((key) => `--ssh=${key}`),
    ...Object.entries(contexts).map(([name, other]) => `--build-context=${name}=${contextOf(other, target)}`),
    ...build.cacheFrom.map((cache) => `--cache-from=${cache}`),
    ...cacheTo.map((cache) => `--cache-to=${cache}`),
    ...noCacheFilter.map((stage) => `--no-cache-filter=${stage}`),
    ...[...entitlements, ...(privileged ? ['security.insecure'] : [])].map((each) => `--allow=${each}`),
    ...(provenance === undefined ? [] : [`--provenance=${provenance}`]),
    ...(sbom === undefined ? [] : [`--sbom=${sbom}`]),
  ];
}

function ofClassic(build: ImageBuild): string[] {
  requireClassic(build);
  const platform = platformOf(build);
  return [
    'build',
    '--force-rm',
    ...(platform === undefined ? [] : [`--platform=${platform}`]),
    ...build.cacheFrom.filter((cache) => !cache.includes('=')).map((cache) => `--cache-from=${cache}`),
  ];
}

function requireClassic(build: ImageBuild): void {
  const { secrets, ssh, contexts, noCacheFilter, privileged, entitlements, provenance, sbom } = build;
  const isOn = (attestation?: string) => attestation !== undefined && attestation !== 'false';
  const keys: [string, boolean][] = [
    ['secrets', secrets.length > 0],
    ['ssh', ssh.length > 0],
    ['additional_contexts', Object.keys(contexts).length > 0],
    ['no_cache_filter', noCacheFilter.length > 0],
    ['privileged', privileged],
    ['entitlements', entitlements.length > 0],
    ['provenance', isOn(provenance)],
    ['sbom', isOn(sbom)],
  ];
  const missing = keys.flatMap(([key, isUsed]) => (isUsed ? [key] : []));
  if (missing.length > 0)
    throw new BadRequest(
      `services.${build.service}.build.${missing[0]}: needs \`docker buildx\`, which this machine does not have; ` +
        'install the plugin (docker-buildx-plugin in the packages of Docker)',
    );
}

function ofBoth(build: ImageBuild, variables: Record<string, string>): string[] {
  const { target, args, labels, network, noCache, pull, shmSize, extraHosts, ulimits } = build;
  return [
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...Object.entries(args).map(([name, value]) => argument(build, name, value, variables)),
    ...Object.entries(labels).map(([name, value]) => `--label=${name}=${reveal(value)}`),
    ...(network === undefined ? [] : [`--network=${network}`]),
    ...(noCache ? ['--no-cache'] : []),
    ...(pull ? ['--pull'] : []),
    ...(shmSize === undefined ? [] : [`--shm-size=${shmSize}`]),
    ...extraHosts.map((host) => `--add-host=${host}`),
    ...ulimits.map((limit) => `--ulimit=${limit}`),
  ];
}

/** A credential goes through a variable, which must not be one that Docker itself reads. */
function argument({ service }: ImageBuild, name: string, value: string, variables: Record<string, string>): string {
  if (!hasMark(value)) return `--build-arg=${name}=${value}`;
  if (/^(?:DOCKER|BUILDKIT|BUILDX)_|^(?:PATH|HOME|LD_\w+)$/i.test(name))
    throw new BadRequest(`services.${service}.build.args.${name}: is a variable of Docker itself; choose another name`);
  variables[name] = reveal(value);
  return `--build-arg=${name}`;
}

/** The name that is deployed, and those of the file, which people and other tools know. */
function namesOf(build: ImageBuild, builder: Builder, target: BuildTarget): string[] {
  const isOfSeveral = builder === 'buildx' && isPushedByBuild(build, target);
  const written = build.image.includes('@') ? [] : [build.image];
  return [target.name, ...(isOfSeveral ? [] : [...written, ...build.tags])].map((name) => `--tag=${name}`);
}

function fileOf(context: string, path: string): string {
  return isRemoteContext(context) || isAbsolute(path) ? path : join(context, path);
}

function contextOf(context: string, { names }: BuildTarget): string {
  const service = serviceIn(context);
  return service === undefined ? reveal(context) : `docker-image://${names[service]}`;
}

/** A Docker keeps one platform: that of the service, else the first; undefined for that of the machine. */
function platformOf({ platform, platforms }: ImageBuild): string | undefined {
  return platform ?? platforms[0];
}
