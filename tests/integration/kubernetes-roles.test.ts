import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubernetesObjectApi, type KubernetesObject, PatchStrategy } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { clusterConfig, deleteNamespace, kubeconfigOf } from '../support/cluster';
import { clusterStack, namespaceOf, probed, wipe } from '../support/cluster-world';
import { startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { describeWith } from '../support/parts';

const account = `deploy-code-narrow-${process.pid}`;

/** What the project ships for one namespace, for a service account of the test. */
async function bindIn(namespace: string): Promise<void> {
  const objects = KubernetesObjectApi.makeApiClient(clusterConfig());
  const text = readFileSync('configs/kubernetes/namespace.yaml', 'utf8')
    .replaceAll('shop-production', namespace)
    .replace(/name: deploy-code, namespace: deploy-code\}/, `name: ${account}, namespace: deploy-code}`);
  for (const document of parseAllDocuments(text))
    await objects.patch(
      document.toJS() as KubernetesObject,
      undefined,
      undefined,
      account,
      true,
      PatchStrategy.ServerSideApply,
    );
}

describeWith('kubernetes', 'a worker whose roles are bound in one namespace', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-narrow-'));
  const bytes = Buffer.from([0, 255, 10, 13, 128, 10, 10]);
  const key = join(folder, 'key');
  const stack = clusterStack(
    { api: { image: images.app, secrets: [{ source: 'key', mode: '0440' }], ...probed } },
    { secrets: { key: { file: key } } },
  );
  const elsewhere = clusterStack({ api: { image: images.app, ...probed } });
  const core = () => clusterConfig().makeApiClient(CoreV1Api);
  let engine: TestEngine;
  beforeAll(async () => {
    writeFileSync(key, bytes);
    await core().createNamespacedServiceAccount({ namespace: 'deploy-code', body: { metadata: { name: account } } });
    await core().createNamespace({ body: { metadata: { name: namespaceOf(elsewhere) } } });
    await bindIn(namespaceOf(stack));
    engine = await startEngine('kubernetes-roles', { cluster: { kubeconfig: await kubeconfigOf(account) } });
  });
  afterAll(async () => {
    await engine.close();
    await wipe(stack.name);
    await deleteNamespace(namespaceOf(elsewhere));
    await core().deleteNamespacedServiceAccount({ namespace: 'deploy-code', name: account });
  });

  it('deploys there, files of secrets byte for byte', async () => {
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    const [instance] = (await engine.client.status(stack)).found.map(({ name }) => name);
    const { output } = await engine.client.exec(stack, instance!, [
      'sh',
      '-c',
      'sha256sum < /run/secrets/key; stat -Lc %a /run/secrets/key',
    ]);
    expect(output.trim().split('\n')).toEqual([`${createHash('sha256').update(bytes).digest('hex')}  -`, '440']);
  });

  it('changes nothing anywhere else, and says which roles there are', async () => {
    const result = await (await engine.client.deploy(elsewhere)).result();
    expect(result).toMatchObject({
      outcome: 'refused',
      refusals: [
        {
          message: expect.stringMatching(
            /^what runs cannot be observed: .*forbidden.*; see the roles in configs\/kubernetes$/,
          ) as string,
        },
      ],
    });
    const { items } = await core().listNamespacedPod({ namespace: namespaceOf(elsewhere) });
    expect(items).toEqual([]);
  });
});
