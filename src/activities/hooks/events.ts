import type { HookEvent, TriggerKind } from '../../model/hooks';
import { repositoryOf } from '../../model/hooks/templates';
import { Json } from './json';
import { Refused } from './signatures';

/** A genuine delivery that is about something else than a push. */
export class NoEvent extends Error {}

type Headers = Record<string, string>;

const readers: Record<TriggerKind, (body: Json, headers: Headers) => HookEvent> = {
  github: githubPush,
  gitlab: gitlabPush,
  ghcr: githubPackage,
  dockerhub: dockerHubPush,
  harbor: harborPush,
  signed: signedEvent,
};

/**
 * What has happened, as a verified delivery tells it.
 * @throws NoEvent if it is about something else, Refused if it is malformed
 */
export function eventOf(kind: TriggerKind, headers: Headers, body: Buffer): HookEvent {
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new Refused('malformed', 'the body is not JSON');
  }
  const event = readers[kind](new Json(data), headers);
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
}

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#push */
function githubPush(body: Json, { 'x-github-event': event = '' }: Headers): HookEvent {
  if (event !== 'push') throw new NoEvent(`GitHub's event ${event} deploys nothing; push does`);
  if (body.get('deleted').value === true) throw new NoEvent('a branch or a tag was deleted');
  const pushedAt = body.get('repository', 'pushed_at').number;
  return {
    repository: body.get('repository', 'full_name').text,
    ...refOf(body.get('ref').text),
    commit: body.get('head_commit', 'id').text ?? body.get('after').text,
    at: pushedAt === undefined ? undefined : pushedAt * 1000,
  };
}

/** https://docs.gitlab.com/user/project/integrations/webhook_events/ */
function gitlabPush(body: Json, { 'x-gitlab-event': event = '' }: Headers): HookEvent {
  const kind = body.get('object_kind').text;
  if (kind !== 'push' && kind !== 'tag_push') throw new NoEvent(`GitLab's event ${event} deploys nothing; a push does`);
  const after = body.get('checkout_sha').text ?? body.get('after').text;
  if (after === undefined || /^0+$/.test(after) || /^0+$/.test(body.get('after').text ?? ''))
    throw new NoEvent('a branch or a tag was deleted');
  return { repository: body.get('project', 'path_with_namespace').text, ...refOf(body.get('ref').text), commit: after };
}

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#registry_package */
function githubPackage(body: Json, { 'x-github-event': event = '' }: Headers): HookEvent {
  if (event !== 'registry_package' && event !== 'package')
    throw new NoEvent(`GitHub's event ${event} deploys nothing; registry_package and package do`);
  const all = body.get(event);
  const version = all.get('package_version');
  const { text: tag } = version.get('container_metadata', 'tag', 'name');
  const kinds = [all.get('package_type').text, all.get('ecosystem').text].map((kind) => kind?.toLowerCase());
  if (!kinds.includes('container')) throw new NoEvent('the package is no image');
  if (tag === undefined || tag === '') throw new NoEvent('the image has no tag');
  const namespace = all.get('namespace').text ?? all.get('owner', 'login').text ?? '';
  const commit = version.get('container_metadata', 'labels', 'revision').text;
  const digest = version.get('container_metadata', 'tag', 'digest').text ?? version.get('version').text;
  return {
    repository: repositoryOf(`ghcr.io/${namespace}/${all.get('name').text ?? ''}`),
    tag,
    digest,
    commit: commit === '' ? undefined : commit,
    at: all.get('updated_at').time,
  };
}

/** https://docs.docker.com/docker-hub/repos/manage/webhooks/ */
function dockerHubPush(body: Json): HookEvent {
  const pushedAt = body.get('push_data', 'pushed_at').number;
  return {
    repository: repositoryOf(required(body.get('repository', 'repo_name').text, 'repository.repo_name')),
    tag: required(body.get('push_data', 'tag').text, 'push_data.tag'),
    at: pushedAt === undefined ? undefined : pushedAt * 1000,
  };
}

const harborTypes = new Set(['PUSH_ARTIFACT', 'harbor.artifact.pushed']);

/**
 * Both formats of https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/.
 */
function harborPush(body: Json): HookEvent {
  const type = body.get('type').text ?? '';
  if (!harborTypes.has(type)) throw new NoEvent(`Harbor's event ${type} deploys nothing; PUSH_ARTIFACT does`);
  const data = type === 'PUSH_ARTIFACT' ? body.get('event_data') : body.get('data');
  const image = data.get('resources').get('0');
  const { text: tag } = image.get('tag');
  if (tag === undefined || tag === '') throw new NoEvent('the image has no tag');
  const occurredAt = body.get('occur_at').number;
  return {
    repository: repositoryOf(required(image.get('resource_url').text, 'resource_url')),
    tag,
    digest: image.get('digest').text,
    at: occurredAt === undefined ? body.get('time').time : occurredAt * 1000,
  };
}

/** A document of a program of one's own: what it does not tell cannot be used. */
function signedEvent(body: Json): HookEvent {
  const [repository, branch, tag] = ['repository', 'branch', 'tag'].map((key) => body.get(key).text);
  return { repository, branch, tag, commit: body.get('commit').text, digest: body.get('digest').text };
}

function refOf(ref: string | undefined): Pick<HookEvent, 'branch' | 'tag'> {
  const [, kind, name] = /^refs\/(heads|tags)\/(.{1,255})$/.exec(ref ?? '') ?? [];
  if (kind === undefined) throw new NoEvent('it is a push to neither a branch nor a tag');
  return kind === 'heads' ? { branch: name } : { tag: name };
}

/** @throws Refused if a field is not there */
function required(value: string | undefined, field: string): string {
  if (value !== undefined && value !== '') return value;
  throw new Refused('malformed', `the body has no ${field}`);
}
