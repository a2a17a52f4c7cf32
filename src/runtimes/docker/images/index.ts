import type { Readable } from 'node:stream';
import type { AuthConfig, ImageInspectInfo } from 'dockerode';
import { PeerFailure, withinDeadline } from '../../../guard/deadline';
import { isName } from '../../../model/names';
import { fitsPlatform, type ImageRequest } from '../../../model/images';
import { registryOfImage } from '../../../model/names/registry';
import type { ObservedImage } from '../../../model/observation';
import { RuntimeError, type ImageResult } from '../../runtime';
import type { DockerConnection } from '../api/connection';
import { credentialsFor } from './credentials';
import { docker, dockerOr, late, toRuntimeError } from '../api/errors';
import { eachJsonLine, type LineLimits } from '../api/json-lines';

/** An image on the host; undefined if it is not there. */
export function inspectImage(
  { docker: engine }: DockerConnection,
  reference: string,
): Promise<ImageInspectInfo | undefined> {
  return dockerOr([404], undefined, () => engine.getImage(reference).inspect());
}

/** Content address of an image on the host; undefined if it is not there. */
export async function findImage(connection: DockerConnection, reference: string): Promise<string | undefined> {
  return (await findImages(connection, [reference]))[0]!.id || undefined;
}

/** Content addresses, and the digests by which the same images can be pulled again, if the registry knows them. */
export function findImages(connection: DockerConnection, references: string[]): Promise<ObservedImage[]> {
  return Promise.all(
    references.map(async (reference) => {
      const info = await inspectImage(connection, reference);
      const volumes = Object.keys(info?.Config.Volumes ?? {});
      return {
        reference,
        id: info?.Id ?? '',
        ...(info && { platform: platformOf(info) }),
        ...(info?.RepoDigests?.[0] && { digest: info.RepoDigests[0] }),
        ...(volumes.length > 0 && { volumes }),
      };
    }),
  );
}

/**
 * Has an image on the host, by its policy.
 * @throws RuntimeError if it is neither there nor to be had
 */
export async function ensureImage(
  connection: DockerConnection,
  image: ImageRequest,
  onProgress: (text: string) => void,
  signal?: AbortSignal,
): Promise<ImageResult> {
  const { reference, policy, platform } = image;
  const found = await inspectImage(connection, reference);
  const before = found && fitsPlatform({ platform: platformOf(found) }, platform) ? found : undefined;
  if (before && (policy !== 'always' || isFresh(before, image.afterMs))) return { id: before.Id, pulled: false };
  if (policy === 'never')
    throw new RuntimeError(
      'software',
      found
        ? `the image ${reference} on the host is for ${platformOf(found)}, not ${platform}, and pull_policy is never`
        : `the image ${reference} is not on the host, and pull_policy is never; load it, or change pull_policy`,
    );
  await pull(connection, image, onProgress, signal);
  if (image.afterMs !== undefined) await tagAnew(connection, reference);
  const after = await findImage(connection, reference);
  if (!after) throw new RuntimeError('platform', `Docker pulled ${reference} but does not have it`);
  return { id: after, pulled: after !== found?.Id };
}

/** `linux/amd64`, `linux/arm64/v8`. */
function platformOf(info: ImageInspectInfo): string {
  const { Os, Architecture, Variant } = info as ImageInspectInfo & { Variant?: string };
  return [Os, Architecture, ...(Variant ? [Variant] : [])].join('/');
}

/** Docker notes when an image got a name, not when it was pulled. */
async function tagAnew({ docker: engine }: DockerConnection, reference: string): Promise<void> {
  if (reference.includes('@')) return;
  const name = withTag(reference);
  const cut = name.lastIndexOf(':');
  await docker(() => engine.getImage(reference).tag({ repo: name.slice(0, cut), tag: name.slice(cut + 1) }));
}

/** Whether Docker has given the image its name within this time. */
function isFresh(info: ImageInspectInfo, afterMs: number | undefined): boolean {
  const { Metadata } = info as ImageInspectInfo & { Metadata?: { LastTagTime?: string } };
  const at = Date.parse(Metadata?.LastTagTime ?? '');
  return afterMs !== undefined && Date.now() - at < afterMs;
}

/** Limits of a pull, so that a registry that accepts connections but never answers cannot block it for hours. */
const pullLimits: LineLimits = { silenceMs: 5 * 60_000, totalMs: 110 * 60_000, longestLine: 1024 * 1024 };

/** @throws RuntimeError if the registry refuses, falls silent or is unavailable, or if the reference is malformed */
export async function pull(
  { docker: engine, logins }: DockerConnection,
  { reference, platform }: Pick<ImageRequest, 'reference' | 'platform'>,
  onProgress: (text: string) => void,
  signal?: AbortSignal,
  limits = pullLimits,
): Promise<void> {
  if (!isName('image', reference))
    throw new RuntimeError('software', `${JSON.stringify(reference)} is not a valid image name`);
  const authconfig = await credentialsFor(reference, logins);
  const failureOf = (error: unknown) => withLoginAdvice(toRuntimeError(error), reference, authconfig);
  const startPull = (over: AbortSignal) =>
    engine.pull(withTag(reference), {
      ...(authconfig && { authconfig }),
      ...(platform !== undefined && { platform }),
      abortSignal: AbortSignal.any([over, ...(signal ? [signal] : [])]),
    });
  const stream = await withinDeadline(limits.silenceMs, startPull, signal).catch((error: Error) => {
    throw error instanceof PeerFailure ? late(limits.silenceMs) : failureOf(error);
  });
  const progress = new PullProgress();
  const onEvent = (event: LayerEvent) => {
    if (event.error !== undefined) throw toRuntimeError(new Error(event.error));
    onProgress(progress.add(event));
  };
  await eachJsonLine(stream as Readable, onEvent, limits).catch((error: Error) => {
    throw failureOf(error);
  });
}

/** The failure, with what to do if the registry wants another login. */
function withLoginAdvice(error: RuntimeError, reference: string, used: AuthConfig | undefined): RuntimeError {
  if (error.reason !== 'denied') return error;
  const registry = registryOfImage(reference);
  const command = `\`deploy-code registry login ${registry}\``;
  const advice =
    used === undefined
      ? `log in with ${command}, and check the name of the image`
      : `${registry} refuses it to ${userOf(used)}: log in again with ${command}, and check the name of the image`;
  return Object.assign(new RuntimeError(error.kind, `${error.message}; ${advice}`, { cause: error.cause }), {
    reason: error.reason,
  });
}

function userOf(used: AuthConfig): string {
  return 'username' in used && used.username !== undefined ? used.username : 'the token of the worker';
}

/** Without a tag Docker would pull all tags. */
function withTag(reference: string): string {
  const last = reference.split('/').at(-1)!;
  return last.includes(':') || last.includes('@') ? reference : `${reference}:latest`;
}

interface LayerEvent {
  error?: string;
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
}

/** Sums up Docker's events per layer to one line. */
class PullProgress {
  private readonly layers = new Map<string, { current: number; total: number }>();

  add({ id, status, progressDetail }: LayerEvent): string {
    if (id && progressDetail?.total)
      this.layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total });
    const all = [...this.layers.values()];
    const total = all.reduce((sum, layer) => sum + layer.total, 0);
    const current = all.reduce((sum, layer) => sum + layer.current, 0);
    return total > 0 ? `${Math.round((100 * current) / total)} % of ${Math.round(total / 1e6)} MB` : (status ?? '');
  }
}
