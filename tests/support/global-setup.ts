import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporalCli } from '../../src/cli/dev/temporal-cli';
import { tuning } from '../../src/cli/dev/temporal-server';
import { freePort } from '../../src/guard/free-port';
import { prepareChromium } from './chromium';
import { prepareCluster } from './cluster';
import { prepareDocker } from './docker-engine';
import { prepareImages } from './image';
import { namespaces } from './namespaces';
import { record, required, type Part } from './parts';

const withoutPostgres =
  'DEPLOY_CODE_TEST_POSTGRES_ADDRESS names no such server; docker-compose.yml starts one at 127.0.0.1:7233';

/** One Temporal server and one image set for all suites; each suite has a namespace of its own. */
export default async function setup(): Promise<void> {
  const [withoutChromium, withoutDocker] = await Promise.all([prepareChromium(), docker(), temporal()]);
  settle('chromium', withoutChromium, 'suites in a browser');
  settle('docker', withoutDocker, 'suites on real Docker');
  settle('kubernetes', withoutDocker ?? (await prepareCluster()), 'suites on a real cluster');
  settle(
    'postgres',
    process.env.DEPLOY_CODE_TEST_POSTGRES_ADDRESS ? undefined : withoutPostgres,
    'suites on Temporal with PostgreSQL',
  );
}

function settle(part: Part, missing: string | undefined, suites: string): void {
  record(part, missing);
  if (missing && required().includes(part)) throw new Error(`a required part is missing: ${missing}`);
  if (missing) console.warn(`\n${suites} are skipped: ${missing}`);
}

async function docker(): Promise<string | undefined> {
  return (await prepareDocker()) ?? prepareImages();
}

async function temporal(): Promise<void> {
  const cli = await findTemporalCli(resolve('.deploy-code', 'cache'), (text) => console.log(text));
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-temporal-'));
  const extraArgs = [...namespaces.flatMap((name) => ['--namespace', name]), ...tuning];
  const uiPort = await freePort();
  const environment = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: cli },
      dbFilename: join(folder, 'temporal.db'),
      ui: true,
      uiPort,
      extraArgs,
    },
  });
  process.env.DEPLOY_CODE_TEST_TEMPORAL_CLI = cli;
  process.env.DEPLOY_CODE_TEST_TEMPORAL = environment.address;
  process.env.DEPLOY_CODE_TEST_TEMPORAL_UI = `http://127.0.0.1:${uiPort}`;
  (globalThis as { temporal?: TestWorkflowEnvironment }).temporal = environment;
}
