import type { EventEmitter } from 'node:events';
import type { Stack } from '../model/stack';
import type { HostBreaker, HostClaim, HostPlace, HostReport } from '../model/host';
import type { PinnedImages } from '../model/images';
import type { JobRun } from '../plan/service/job-runs';
import type { RuleContext } from '../policy';
import type { Runtimes } from '../runtimes';
import type { ScheduleSpec, UnattendedEnd } from '../model/schedule';
import type { CertificateWish, IssuedCertificate } from '../model/certificates';
import type { RouteClaim, RouteSettlement, SharedClaim } from '../model/traffic';
import type { TakenRoute } from '../plan/traffic/shared-routes';
import type { AcmeSettings } from './certificates/directories';
import type { AuditDatabase } from './audit/trail-table';
import type { AuditSettings } from './audit/settings';
import type { Beginning, StatementGuard } from './access/statement-guard';
import type { AutomaticRequest, FleetRules, JoinInput, SlotClaim } from './contract';
import type { SecretStore } from './secrets';

/** The parts of a kept release that activities use. */
export interface KeptRelease {
  stack: Stack;
  deployment: number;
  images: PinnedImages;
  jobs: JobRun[];
  seal?: string;
}

/** Temporal, as activities use it. */
export interface TemporalGateway {
  join(input: Omit<JoinInput, 'windows' | 'auth'> & { statements?: boolean }): Promise<void>;
  beginning(execution: { workflowId: string; runId: string }): Promise<Beginning>;
  /** Whether the workflow of an environment says that it takes requests with statements only. */
  demandsStatements(place: { stack: string; environment: string }): Promise<boolean>;
  passResealed(
    place: { stack: string; environment: string },
    secrets: Record<string, { before: string; after: string }>,
  ): Promise<void>;
  claimSlot(claim: SlotClaim): Promise<void>;
  claimHost(host: HostPlace, claim: HostClaim): Promise<void>;
  reportHost(host: HostPlace, report: HostReport): Promise<void>;
  hostBreaker(id: string): Promise<HostBreaker | undefined>;
  claimRoutes(host: HostPlace, claim: RouteClaim): Promise<{ taken: TakenRoute[]; problem?: string }>;
  settleRoutes(host: HostPlace, settlement: RouteSettlement): Promise<string | undefined>;
  /** The routes of all environments at the shared load balancer of a host. */
  sharedClaims(host: HostPlace): Promise<SharedClaim[]>;
  /** The ciphertext of the installation's login at a registry; undefined if there is none. */
  sealedLogin(registry: string): Promise<string | undefined>;
  /** Starts the workflow of an environment's certificate if it does not run, with what an earlier one left. */
  wishCertificate(place: { stack: string; environment: string }, wish: CertificateWish): Promise<void>;
  endCertificates(place: { stack: string; environment: string }): Promise<void>;
  /** The certificate that an environment got by itself; undefined if there is none. */
  issuedCertificate(place: { stack: string; environment: string }): Promise<IssuedCertificate | undefined>;
  isRunning(workflowId: string): Promise<boolean>;
  /** Terminates a workflow that cannot process its signals; resolves with whether it still runs. */
  endIfStuck(workflowId: string, by: string): Promise<boolean>;
  /** @throws SoftwareFault if the environment has no release to act on */
  request(request: AutomaticRequest): Promise<string>;
  /** Resolves when the deployment has ended. */
  outcome(workflowId: string): Promise<UnattendedEnd>;
  cancel(workflowId: string, by: string): Promise<void>;
  syncSchedules(place: { stack: string; environment: string }, wanted: ScheduleSpec[], before: string[]): Promise<void>;
  /** The highest number of a deployment that Temporal still knows; 0 if there is none. */
  lastDeployment(stack: string, environment: string): Promise<number>;
  /** Numbers of the kept releases of an environment, ascending. */
  releases(stack: string, environment: string): Promise<number[]>;
  /** A kept release; undefined if it was dropped. */
  release(stack: string, environment: string, release: number): Promise<KeptRelease | undefined>;
  /** Images of the given releases that are still kept, by release number. */
  images(stack: string, environment: string, releases: number[]): Promise<Map<number, PinnedImages>>;
  /** The configs that the workflow of a deployment was started with. */
  configs(workflowId: string, runId: string): Promise<Stack['configs']>;
  dropRelease(stack: string, environment: string, release: number): Promise<void>;
  /** The messages of a client to a command, from an index on. */
  readSession(workflowId: string, from: number): Promise<string[]>;
  writeSession(workflowId: string, sealed: string): Promise<void>;
}

/** Events of activities, for metrics and logs. */
export interface ActivityEvents {
  probe: [{ service: string; healthy: boolean }];
  instance: [{ service: string; event: 'started' | 'retired' | 'revived' | 'removed' }];
}

export interface Dependencies {
  runtimes: Runtimes;
  secrets: SecretStore;
  /** The worker's policy for stack files. */
  rules: RuleContext;
  /** Decides which requests protected environments take. */
  statements: StatementGuard;
  directory: TemporalGateway;
  /** Folder of the worker's persistent data. */
  dataDir: string;
  /** Database of the audit trails; absent: they are files. */
  auditDatabase?: AuditDatabase;
  audit: AuditSettings;
  fleet?: FleetRules;
  /** Image of the shared load balancer. */
  sharedImage?: string;
  /** How it gets certificates. */
  acme?: AcmeSettings;
  events: EventEmitter<ActivityEvents>;
}
