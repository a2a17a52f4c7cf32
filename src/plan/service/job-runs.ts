import { lanesOf, servicesOf, type Plan } from '../plan';

/** One run of a job. What it did stays done, whatever becomes of the deployment. */
export interface JobRun {
  service: string;
  image?: string;
  /** Hash of what ran. */
  hash: string;
  failed: boolean;
}

export type PastRun = Omit<JobRun, 'hash'> & { deployment: number };

/** Runs as an environment remembers them. */
export function asPast(runs: readonly JobRun[], deployment: number): PastRun[] {
  return runs.map(({ hash: _, ...run }) => ({ ...run, deployment }));
}

/** The jobs of a plan that were begun, by the ids of the steps begun and done. */
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
