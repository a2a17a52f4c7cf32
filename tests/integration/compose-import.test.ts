import { loadStack } from '../../src/config';
import { importCompose } from '../../src/config/import';
import { startEngine, type TestEngine } from '../support/engine';
import { docker, wipe } from '../support/docker-world';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName, writeStack } from '../support/stack';

/**
 * After the nginx-golang-postgres of docker/awesome-compose, with what people add to it; the images are the tests' own.
 */
const compose = (image: string) => `services:
  backend:
    image: ${image}
    container_name: backend
    secrets:
      - db-password
    depends_on:
      db:
        condition: service_healthy
    networks: [front, back]
    healthcheck: {test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz"], interval: 1s}
  db:
    image: ${image}
    user: "0"
    restart: always
    secrets:
      - db-password
    healthcheck:
      test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz"]
      interval: 3s
      retries: 5
      start_period: 30s
    volumes:
      - db-data:/data
    environment:
      - DATA=/data
      - POSTGRES_PASSWORD_FILE=/run/secrets/db-password
    expose:
      - 5432
    networks: [back]
  proxy:
    image: ${image}
    deploy: {replicas: 1, resources: {limits: {memory: 64M}}}
    ports:
      - 28400:8080
    depends_on:
      - backend
    networks: [front]
volumes:
  db-data:
networks:
  front: {}
  back: {internal: true}
secrets:
  db-password:
    file: db/password.txt
`;

describeWith('docker', 'a compose file of a real project', () => {
  let engine: TestEngine;
  const name = uniqueName('imported');
  beforeAll(async () => void (engine = await startEngine('large')));
  afterAll(async () => {
    await wipe(name);
    await engine.close();
  });

  it('is imported without a loss, and deploys', async () => {
    const { text, lost } = importCompose({ files: [writeStack(compose(images.app), 'compose.yaml')], name, shell: {} });
    expect(lost).toEqual([]);

    const file = writeStack(text.replace('./db/password.txt', '/etc/hostname'));
    const { stack } = loadStack({ file, environment: 'test', shell: {} });
    expect(stack.services.proxy!.dependsOn).toEqual({ backend: 'started' });
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    expect(await (await fetch('http://127.0.0.1:28400/version')).text()).toBe('1\n');
    const [db] = await docker.listContainers({
      filters: { label: [`deploy-code.stack=${name}`, 'deploy-code.service=db'] },
    });
    expect(Object.keys(db!.NetworkSettings.Networks)).toEqual([`${name}-test_back`]);
    expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded' });
  });
});
