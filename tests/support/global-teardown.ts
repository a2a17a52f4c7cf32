import type { TestWorkflowEnvironment } from '@temporalio/testing';

export default async function teardown(): Promise<void> {
  await (globalThis as { temporal?: TestWorkflowEnvironment }).temporal?.teardown();
}
