import { httpCall } from '../../guard/request';
import { isSuccess, type Outcome } from '../../model/deployment';
import type { Notification } from '../../model/notification';
import { oneLine } from '../../model/text';
import { SoftwareFault } from '../failures';

export interface GitHubTarget {
  /** Address of the REST API. */
  url: string;
  /** `owner/name`. */
  repository: string;
  /** Name of the environment at GitHub; default that of the stack. */
  environment?: string;
  /** Of the release; that of a trigger's event comes first. */
  commit?: string;
}

const deadlineMs = 10_000;
const largestAnswer = 1024 * 1024;
/** GitHub takes no longer descriptions. */
const longestDescription = 140;
const gone = 410;
const task = 'deploy';

interface Deployment {
  id: number;
  payload?: unknown;
}

/**
 * Writes a deployment and the status of its commit to a repository. A repeated delivery finds the deployment that an
 * earlier one has created, by its payload.
 * https://docs.github.com/en/rest/deployments/deployments, https://docs.github.com/en/rest/commits/statuses
 */
export async function sendToGitHub(
  target: GitHubTarget,
  notification: Notification,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  const { type, text, details } = notification;
  if (!isOfRelease(type, details.intent)) return;
  const commit = typeof details.commit === 'string' ? details.commit : target.commit;
  if (commit === undefined)
    throw new SoftwareFault('no commit is known; set `commit` of the subscriber, such as commit: ${GIT_COMMIT}');
  const api = new Repository(target, token, signal);
  const environment = target.environment ?? notification.environment;
  const { stack, deployment } = notification;
  const payload = { stack, environment: notification.environment, deployment };
  const description = oneLine(text, longestDescription);
  const found = await api.find(commit, environment, payload);
  const isStart = type === 'deployment.started';
  if (isStart && found && (await api.hasStatus(found.id))) return;
  const { id } = found ?? (await api.create(commit, environment, payload, description));
  const isGood = isSuccess(details.outcome as Outcome);
  await api.post(`deployments/${id}/statuses`, {
    state: isStart ? 'in_progress' : isGood ? 'success' : 'failure',
    description,
  });
  await api.post(`statuses/${commit}`, {
    state: isStart ? 'pending' : isGood ? 'success' : 'failure',
    context: `deploy-code/${stack}/${notification.environment}`,
    description,
  });
}

/** Restarts, runs of jobs and stops deploy no commit. */
function isOfRelease(type: Notification['type'], intent: unknown): boolean {
  const isEvent = type === 'deployment.started' || type === 'deployment.finished';
  return isEvent && (intent === 'deploy' || intent === 'rollback');
}

/** The parts of the REST API that a repository's deployments need. */
class Repository {
  constructor(
    private readonly target: Pick<GitHubTarget, 'url' | 'repository'>,
    private readonly token: string,
    private readonly signal: AbortSignal,
  ) {}

  async find(commit: string, environment: string, payload: object): Promise<Deployment | undefined> {
    const query = new URLSearchParams({ sha: commit, task, environment, per_page: '100' });
    const found = await this.call('GET', `deployments?${query.toString()}`);
    return (Array.isArray(found) ? found : []).filter(isDeployment).find((each) => isSame(each.payload, payload));
  }

  async create(commit: string, environment: string, payload: object, description: string): Promise<Deployment> {
    const created = await this.post('deployments', {
      ref: commit,
      task,
      environment,
      payload,
      description,
      auto_merge: false,
      required_contexts: [],
    });
    if (isDeployment(created)) return created;
    throw new Error('GitHub created no deployment');
  }

  /** True if an earlier delivery, or one of a later event, has set a status. */
  async hasStatus(id: number): Promise<boolean> {
    const found = await this.call('GET', `deployments/${id}/statuses?per_page=1`);
    return Array.isArray(found) && found.length > 0;
  }

  post(path: string, body: object): Promise<unknown> {
    return this.call('POST', path, JSON.stringify(body));
  }

  private async call(method: string, path: string, body?: string): Promise<unknown> {
    const { url, repository } = this.target;
    const answer = await httpCall(`${url.replace(/\/$/, '')}/repos/${repository}/${path}`, {
      method,
      ...(body !== undefined && { body }),
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${this.token}`,
        'user-agent': 'deploy-code',
        'x-github-api-version': '2022-11-28',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      deadlineMs,
      largest: largestAnswer,
      elsewhere: true,
      signal: this.signal,
    }).catch((error: Error) => {
      throw new Error(`no answer (${error.message})`, { cause: error });
    });
    if (answer.status === gone) throw new SoftwareFault('GitHub answered 410 (Gone); remove the subscriber');
    const data = parsed(answer.body);
    if (answer.status >= 200 && answer.status <= 299) return data;
    const { message } = (data ?? {}) as { message?: unknown };
    throw new Error(`GitHub answered ${answer.status}${typeof message === 'string' ? `: ${oneLine(message)}` : ''}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isDeployment(value: unknown): value is Deployment {
  return typeof value === 'object' && value !== null && Number.isSafeInteger((value as { id?: unknown }).id);
}

/** GitHub answers with the payload as it was sent, or as text. */
function isSame(payload: unknown, wanted: object): boolean {
  const given = typeof payload === 'string' ? parsed(payload) : payload;
  if (typeof given !== 'object' || given === null) return false;
  return Object.entries(wanted).every(([key, value]) => (given as Record<string, unknown>)[key] === value);
}
