import { lanesOf, servicesOf, type Plan } from '../plan';

/** One run of a job. Its effect remains even if the deployment fails. */
export interface JobRun {
  service: string;
  image?: string;
  /** Fingerprint of the job. */
  hash: string;
  failed: boolean;
}

/** A successful run of a job whose effects stay applied. `released`: it is that of the current release. */
export interface AppliedRun {
  hash: string;
  deployment: number;
  released?: boolean;
}

/** By job: the run of the current release, and those of other versions since, in deployments that failed. */
export type AppliedRuns = Record<string, AppliedRun[]>;

const rememberedRuns = 20;

/** The successful runs of a job that stay applied. */
export function appliedRunsOf(job: string, applied: AppliedRuns = {}): AppliedRun[] {
  return Object.hasOwn(applied, job) ? applied[job]! : [];
}

/**
 * Adds the runs of a deployment that has ended, and marks those of the release that it has committed. A version of a
 * job that ran and was committed makes all others history: they run when they come again.
 */
export function withRuns(
  applied: AppliedRuns | undefined,
  { deployment, jobs, releaseJobs = {} }: { deployment: number; jobs: JobRun[]; releaseJobs?: Record<string, string> },
): AppliedRuns {
  const all = { ...applied };
  const ran = jobs.filter(({ failed }) => !failed);
  for (const { service, hash } of ran) {
    const others = appliedRunsOf(service, all);
    if (!others.some((run) => run.hash === hash)) all[service] = [...newest(others), { hash, deployment }];
  }
  for (const [service, hash] of Object.entries(releaseJobs)) {
    const known = appliedRunsOf(service, all);
    const run = known.find((each) => each.hash === hash) ?? { hash, deployment };
    const isNew = ran.some((each) => each.service === service);
    const others = isNew ? [] : known.filter((each) => each !== run && !each.released);
    all[service] = [...others, { ...run, released: true }];
  }
  return all;
}

/** Without the oldest, so that there is room for another one; that of the release stays. */
function newest(runs: AppliedRun[]): AppliedRun[] {
  const others = runs.filter(({ released }) => !released).slice(2 - rememberedRuns);
  return runs.filter((run) => run.released === true || others.includes(run));
}

/** Hashes of the jobs of a performed plan: of those that ran, and of those that had run before. */
export function hashesOfJobs(phases: Plan['phases']): Record<string, string> {
  const found = servicesOf(phases).flatMap((planned): [string, string][] => {
    const made = lanesOf(planned)
      .flat()
      .find((step) => step.kind === 'create-job');
    const hash = made?.kind === 'create-job' ? made.instance.hash : planned.ranAs;
    return hash === undefined ? [] : [[planned.name, hash]];
  });
  return Object.fromEntries(found);
}

export type PastRun = Omit<JobRun, 'hash'> & { deployment: number };

/** Runs in the form an environment stores. */
export function asPast(runs: readonly JobRun[], deployment: number): PastRun[] {
  return runs.map(({ hash: _, ...run }) => ({ ...run, deployment }));
}

/** The started jobs of a plan, by the ids of started and finished steps. */
export function jobRuns(phases: Plan['phases'], started: ReadonlySet<string>, finished: ReadonlySet<string>): JobRun[] {
  return servicesOf(phases)
    .flatMap(lanesOf)
    .flatMap((lane) => {
      const made = lane.find((step) => step.kind === 'create-job');
      const ran = lane.find((step) => step.kind === 'run-job');
      if (made?.kind !== 'create-job' || !ran || !started.has(ran.id)) return [];
      const { service, image, hash } = made.instance;
      return [{ service, ...(image && { image }), hash, failed: !finished.has(ran.id) }];
    });
}

/** `migrate (acme/api:1.6.0)`. */
export function nameRun({ service, image, failed }: Omit<JobRun, 'hash'>): string {
  const details = [...(image ? [image] : []), ...(failed ? ['failed'] : [])];
  return details.length > 0 ? `${service} (${details.join(', ')})` : service;
}
