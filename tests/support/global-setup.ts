import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporalCli } from '../../src/client/cli/dev/temporal-cli';
import { prepareDocker } from './docker-engine';
import { prepareImages } from './image';
import { namespaces } from './namespaces';
import { record, required } from './parts';

/** One Temporal server and one image set for all suites; each suite has a namespace of its own. */
export default async function setup(): Promise<void> {
  const [missing] = await Promise.all([docker(), temporal()]);
  record('docker', missing);
  if (missing && required().includes('docker')) throw new Error(`a required part is missing: ${missing}`);
  if (missing) console.warn(`\nsuites on real Docker are skipped: ${missing}`);
}

async function docker(): Promise<string | undefined> {
  return (await prepareDocker()) ?? prepareImages();
}

async function temporal(): Promise<void> {
  const cli = await findTemporalCli(resolve('.deploy-code', 'cache'), (text) => console.log(text));
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-temporal-'));
  const extraArgs = [
    ...namespaces.flatMap((name) => ['--namespace', name]),
    ...['history.transferProcessorMaxPollRPS=2000', 'history.timerProcessorMaxPollRPS=2000', 'history.timerProcessorMaxTimeShift="10ms"', 'system.enableActivityEagerExecution=true'].flatMap((value) => ['--dynamic-config-value', value]),
    ...['journal_mode=WAL', 'synchronous=NORMAL'].flatMap((pragma) => ['--sqlite-pragma', pragma]),
  ];
  const environment = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path: cli }, dbFilename: join(folder, 'temporal.db'), ui: true, extraArgs } });
  process.env.DEPLOY_CODE_TEST_TEMPORAL = environment.address;
  (globalThis as { temporal?: TestWorkflowEnvironment }).temporal = environment;
}
