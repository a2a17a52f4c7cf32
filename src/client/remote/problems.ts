import { BadRequest, EngineUnreachable } from '../../temporal/errors';

/** A problem as the API tells it. */
interface Told {
  code?: unknown;
  detail?: unknown;
  advice?: unknown;
  problems?: unknown;
}

/** What the server does not let the caller do. Nothing was changed. Exit code 2. */
export class AccessDenied extends BadRequest {
  constructor(message: string) {
    super(message);
    this.name = 'AccessDenied';
  }
}

/** There is nothing of that name. Exit code 2. */
export class NotFound extends BadRequest {
  constructor(message: string) {
    super(message);
    this.name = 'NotFound';
  }
}

/** The deployment has not ended yet. */
export class NotEnded extends BadRequest {
  constructor(message: string) {
    super(message);
    this.name = 'NotEnded';
  }
}

/** The deployment was terminated or timed out in Temporal. */
export class Lost extends Error {}

/** The server is stopping: another one, or the same one a moment later, answers. */
export class ServerStopping extends EngineUnreachable {
  constructor(server: string) {
    super(`${server} is stopping`, 'try again');
  }
}

/** The error that an answer stands for. */
export function failureOf(server: string, { status }: Response, text: string): Error {
  const told = parsed(text);
  const detail = [line(told.detail) ?? `the server answers with status ${status}`, ...fieldsOf(told)].join('; ');
  const advice = line(told.advice);
  const message = advice === undefined ? detail : `${detail}; ${advice}`;
  switch (told.code) {
    case 'unauthenticated':
      return new AccessDenied(`${server} does not know you: ${detail}; log in with \`deploy-code login ${server}\``);
    case 'forbidden':
      return new AccessDenied(`${server} does not allow this: ${message}`);
    case 'not_found':
      return new NotFound(message);
    case 'not_ended':
      return new NotEnded(message);
    case 'bad_input':
    case 'refused':
    case 'too_large':
      return new BadRequest(message);
    case 'lost':
      return new Lost(message);
    case 'stopping':
      return new ServerStopping(server);
    case 'unreachable':
      return new EngineUnreachable(detail, advice ?? 'try again, or ask who runs the server');
    case 'too_many':
      return new EngineUnreachable(`${server} refuses more requests for now: ${detail}`, 'try again in a minute');
    default:
      if (typeof told.code === 'string') return new Error(message);
      return status >= 500
        ? new EngineUnreachable(`${server} answers with status ${status}`, 'a proxy in front of it may not reach it')
        : strangeAnswer(server, status);
  }
}

/** Something else than a server of deploy-code has answered. */
export function strangeAnswer(server: string, status: number): EngineUnreachable {
  return new EngineUnreachable(
    `${server} answers as no deploy-code server does (status ${status})`,
    'check its address: a proxy or another program may answer there',
  );
}

function parsed(text: string): Told {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

const longest = 4000;
const mostFields = 20;

/** A text of the server; it may have been written by somebody else. */
function line(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, longest) : undefined;
}

function fieldsOf({ problems }: Told): string[] {
  if (!Array.isArray(problems)) return [];
  return (problems as { path?: unknown; message?: unknown }[])
    .slice(0, mostFields)
    .map((each) => [line(each?.path), line(each?.message)].filter(Boolean).join(': '));
}
