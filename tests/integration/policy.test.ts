import { docker, dockerStack, healthy, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { describeWith } from '../support/parts';

describeWith('docker', 'the policy of a worker', () => {
  let engine: TestEngine;
  const used = new Set<string>();
  const floors = {
    no_new_privileges: true,
    pids_limit: 64,
    cap_drop: ['NET_RAW'],
    read_only: true,
    log_max_size: '1m',
  };
  const policy = {
    mounts: { folders: ['/srv/data/{stack}'], docker_socket: false },
    containers: { capabilities: [] },
    exec: false,
    floors,
  };

  beforeAll(async () => void (engine = await startEngine('policy', { policy })));
  afterAll(async () => {
    for (const stack of used) await wipe(stack);
    await engine.close();
  });

  const stack = (service: object = {}) => {
    const made = dockerStack({ app: { image: images.app, ...healthy, ...service } });
    used.add(made.name);
    return made;
  };

  it('refuses in the plan and in the deployment, with the rule and the key, and touches nothing', async () => {
    const made = stack({ volumes: ['/var/run/docker.sock:/docker.sock'], cap_add: ['SYS_ADMIN'] });
    const { refusals } = await engine.client.plan(made);
    expect(refusals.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      "services.app.volumes.0: the worker's policy does not allow mounting /var/run/docker.sock (rule mounts.folders)",
      "services.app.volumes.0: the worker's policy does not allow mounting " +
        '/var/run/docker.sock, which gives control of a container engine (rule mounts.docker_socket)',
      "services.app.cap_add: the worker's policy does not allow SYS_ADMIN (rule containers.capabilities)",
    ]);
    const result = await (await engine.client.deploy(made, { force: true })).result();
    expect(result).toMatchObject({ outcome: 'refused', refusals });
    expect(await docker.listContainers({ all: true, filters: { label: [`deploy-code.stack=${made.name}`] } })).toEqual(
      [],
    );
  });

  it('gives every container its floors, refuses exec, and lets a service stay as it is', async () => {
    const made = stack({ tmpfs: ['/www'] });
    expect(await (await engine.client.deploy(made)).result()).toMatchObject({ outcome: 'succeeded' });
    const { HostConfig } = await docker.getContainer(`${made.name}-test-app-1-d1`).inspect();
    expect(HostConfig).toMatchObject({
      SecurityOpt: ['no-new-privileges:true'],
      PidsLimit: 64,
      CapDrop: ['NET_RAW'],
      ReadonlyRootfs: true,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
    });
    expect(Object.keys(HostConfig.Tmpfs as object).sort()).toEqual(['/tmp', '/www']);
    await expect(engine.client.exec(made, `${made.name}-test-app-1-d1`, ['true'])).rejects.toMatchObject({
      cause: { cause: { message: expect.stringContaining('rule exec') } },
    });
    expect(await (await engine.client.deploy(made)).result()).toMatchObject({ outcome: 'unchanged' });
  });
});
