import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretStore } from '../../src/activities/secrets';
import { createKubernetesRuntime } from '../../src/runtimes/kubernetes';
import type { RuntimeDriver } from '../../src/runtimes/runtime';
import { images } from '../support/image';
import { clusterEndpoint, deleteNamespace } from '../support/cluster';
import { describeWith } from '../support/parts';
import { contract, spec } from './contract';

const namespace = `contract-${process.pid}-test`;

describeWith('kubernetes', 'the Kubernetes runtime', () => {
  const cluster = createKubernetesRuntime(new SecretStore(mkdtempSync(join(tmpdir(), 'deploy-code-kubernetes-'))), clusterEndpoint());
  /** All scopes of the contract share a namespace. */
  const driver: RuntimeDriver = { ...cluster, within: (scope) => cluster.within({ ...scope, namespace }) };
  afterAll(() => deleteNamespace(namespace));

  contract(() => ({
    driver,
    running: (name, more) => {
      const made = spec(name, { image: images.app, ...more });
      return { ...made, name: `${namespace}/${made.name}` };
    },
    exiting: (name, code) => {
      const made = spec(name, { image: images.app, kind: 'job', command: ['sh', '-c', `exit ${code}`] });
      return { ...made, name: `${namespace}/${made.name}` };
    },
    fileAt: (path) => path,
  }));
});
