import { endOf, type SessionKind } from '../../model/access';
import { requireName } from '../../model/names';
import { BadRequest } from '../../temporal/errors';
import type { InstallationWorkflow } from '../../temporal/installation-workflow';
import {
  endSubjectUpdate,
  oneSessionQuery,
  openSessionUpdate,
  publishKeyUpdate,
  recordExchangeUpdate,
  refreshSessionUpdate,
  revokeSessionUpdate,
  sessionsQuery,
  type Refreshed,
  type SessionGrant,
  type SessionOpening,
  type SessionRefresh,
  type StoredSession,
} from '../../workflows/messages';
import { authorOf } from '../orders';

/** A session, without its secrets. */
export interface SessionLine {
  id: string;
  subject: string;
  groups: string[];
  kind: SessionKind;
  /** How they logged in, such as `oidc company`. */
  method: string;
  /** Address that they logged in from. */
  from?: string;
  at: Date;
  /** The last refresh. */
  seenAt: Date;
  /** The end, unless it is refreshed. */
  until: Date;
}

/** The sessions of people who have logged in at a server. */
export class Sessions {
  constructor(private readonly kept: InstallationWorkflow) {}

  /** Those of a subject, or of everybody, newest first. */
  async list(subject?: string): Promise<SessionLine[]> {
    const all = Object.entries((await this.kept.read(sessionsQuery)) ?? {});
    const lines = all.map(([id, session]) => lineOf(id, session));
    return lines
      .filter((line) => subject === undefined || line.subject === subject)
      .sort((one, other) => other.at.getTime() - one.at.getTime());
  }

  /** A session with the digests of its secrets; undefined if there is none, or it has ended. */
  async find(id: string): Promise<StoredSession | undefined> {
    requireName('tokenId', id);
    // Null is how Temporal's payloads carry undefined.
    return (await this.kept.read(oneSessionQuery, id)) ?? undefined;
  }

  /** Revokes a session; servers refuse it within five seconds. @throws BadRequest if there is none */
  async revoke(id: string, by?: string): Promise<void> {
    requireName('tokenId', id);
    if (await this.kept.change(revokeSessionUpdate, { id, ...authorOf(by) })) return;
    throw new BadRequest(`there is no session ${id}; see \`deploy-code access session list\``);
  }

  /** Ends the sessions of a subject, and what it has allowed to become one. */
  async endAllOf(subject: string, by?: string): Promise<void> {
    requireName('subject', subject);
    await this.kept.change(endSubjectUpdate, { subject, ...authorOf(by) });
  }

  /** Opens a session of somebody whose identity is known. */
  async open(opening: Omit<SessionOpening, 'by' | 'from'>): Promise<SessionGrant> {
    return this.kept.store(openSessionUpdate, { ...opening, ...authorOf(undefined) });
  }

  /** Replaces the token of a session by its next one. */
  async refresh(token: Omit<SessionRefresh, 'by' | 'from'>): Promise<Refreshed> {
    // A guess changes nothing in the history of the workflow.
    if ((await this.find(token.id))?.family !== token.family) return { problem: 'unknown' };
    const refreshed = await this.kept.change(refreshSessionUpdate, { ...token, ...authorOf(undefined) });
    return refreshed ?? { problem: 'unknown' };
  }

  /** Records a token that a CI job got for one of its own. */
  async recordExchange(token: { id: string; subject: string; workload: string }): Promise<void> {
    await this.kept.store(recordExchangeUpdate, { ...token, ...authorOf(undefined) });
  }

  /** Makes known the public key that a server signs JWTs with. */
  async publishKey(key: { id: string; x: string; until: number }): Promise<void> {
    await this.kept.store(publishKeyUpdate, { ...key, ...authorOf(undefined) });
  }
}

function lineOf(id: string, { subject, groups, kind, method, from, at, ...times }: StoredSession): SessionLine {
  return {
    id,
    subject,
    groups,
    kind,
    method,
    ...(from !== undefined && { from }),
    at: new Date(at),
    seenAt: new Date(times.seenAt),
    until: new Date(endOf(times)),
  };
}
