import type { NamedSecret } from '../notification';

/** Triggers: requests from outside that make an environment deploy. */

export const triggerKinds = ['github', 'gitlab', 'dockerhub', 'ghcr', 'harbor', 'signed'] as const;
export type TriggerKind = (typeof triggerKinds)[number];

/** Kinds whose events are images that were pushed to a registry; those of the others are pushes to a repository. */
export const imageKinds: ReadonlySet<TriggerKind> = new Set(['dockerhub', 'ghcr', 'harbor'] as const);

/** A trigger of a stack file. */
export interface Trigger {
  name: string;
  from: TriggerKind;
  secret: NamedSecret;
  /** Patterns; absent: any. A trigger with `branches` alone takes no tags, and the other way round. */
  repositories?: string[];
  branches?: string[];
  tags?: string[];
  /** Images by service, with placeholders. Absent: the current release is deployed again, with fresh images. */
  images?: Record<string, string>;
  /** Of a redeployment: only these. */
  services?: string[];
}

/** What has happened, as a delivery tells it. */
export interface HookEvent {
  /** A repository of a forge (`acme/shop`), or of images (`ghcr.io/acme/web`). */
  repository?: string;
  branch?: string;
  tag?: string;
  commit?: string;
  digest?: string;
  /** In ms since the epoch. */
  at?: number;
}

/** A request to a trigger, as the server passes it to a worker. */
export interface HookDelivery {
  /** Those of {@link hookHeaders} that the request has. */
  headers: Record<string, string>;
  /** Digest of the secret that the request itself carries, if its kind does so instead of signing. */
  credential?: string;
  /** In base64, byte by byte as it was signed. */
  body: string;
}

/** Why a delivery is refused. `secret`: that of the trigger cannot be read. */
export type HookRefusal = 'signature' | 'stale' | 'malformed' | 'secret';

/** What a worker thinks of a delivery. */
export type HookVerdict =
  | { verdict: 'refused'; reason: HookRefusal; message: string }
  | { verdict: 'ignored'; message: string }
  | {
      verdict: 'deploy';
      /** Digest of what identifies the delivery: the same for each repetition of it. */
      delivery: string;
      /** One line for the history. */
      message: string;
      commit?: string;
      images?: Record<string, string>;
      services?: string[];
    };

interface Carried {
  /** Headers of which the request needs all; several such sets are alternatives. */
  needs: readonly (readonly string[])[];
  /** Others that a worker looks at. */
  also: readonly string[];
  /** Where the request carries the secret itself: a header, or the parameter `secret` of the address. */
  credential?: { header: string } | 'query';
}

const github: Carried = { needs: [['x-hub-signature-256', 'x-github-event']], also: [] };

/** What the requests of each kind carry besides their body, in lower case. */
export const hookHeaders: Record<TriggerKind, Carried> = {
  github,
  ghcr: github,
  gitlab: {
    needs: [
      ['webhook-signature', 'webhook-id', 'webhook-timestamp', 'x-gitlab-event'],
      ['x-gitlab-token', 'x-gitlab-event'],
    ],
    also: ['idempotency-key', 'x-gitlab-event-uuid'],
    credential: { header: 'x-gitlab-token' },
  },
  dockerhub: { needs: [[]], also: [], credential: 'query' },
  harbor: { needs: [['authorization']], also: [], credential: { header: 'authorization' } },
  signed: { needs: [['x-deploy-code-signature']], also: [] },
};

/** The largest body of a request to a trigger, in bytes. */
export const largestHook = 1024 * 1024;
export const longestHookHeader = 2000;
