import { lanesOf, servicesOf, type Plan } from '../plan';

/** One run of a job. Its effect remains even if the deployment fails. */
export interface JobRun {
  service: string;
  image?: string;
  /** Fingerprint of the job. */
  hash: string;
  failed: boolean;
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
