import { proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '1m' });

/** What Temporal itself takes: two empty activities a service, phase by phase, a hundred services at a time. */
export async function bare(services: number): Promise<void> {
  for (let done = 0; done < services; done += 100) {
    await Promise.all(
      Array.from({ length: Math.min(100, services - done) }, async () => {
        await nothing();
        await nothing();
      }),
    );
  }
}
