import { loadStack, type Stack } from '../../src/config';
import { problemsIn } from '../support/problems';
import { writeStack } from '../support/stack';

type Services = Record<string, object>;

const load = (services: Services, more: object = {}): Stack =>
  loadStack({ file: writeStack({ name: 'shop', services, ...more }) }).stack;
const problems = (services: Services, more: object = {}): string[] =>
  problemsIn(() => load(services, more)).map(({ path, message }) => `${path}: ${message}`);
const image = 'a:1';
const vpn = { image };
const joining = { image, network_mode: 'service:vpn' };

describe('a service in a namespace of another one', () => {
  it('depends on it, has no network, and replaces its instance in place', () => {
    const { services } = load({ web: joining, vpn: { ...vpn, health_check: { tcp: 1 } } });
    expect(services.web).toMatchObject({
      networkMode: 'service:vpn',
      networks: {},
      dependsOn: { vpn: 'healthy' },
      strategy: { kind: 'recreate' },
    });
  });

  it('keeps the condition that the file gives', () => {
    const { services } = load({
      vpn: { image, health_check: { tcp: 1 }, ipc: 'shareable' },
      web: { image, ipc: 'service:vpn', pid: 'service:vpn', depends_on: { vpn: 'started' } },
    });
    expect(services.web).toMatchObject({ ipc: 'service:vpn', pid: 'service:vpn', dependsOn: { vpn: 'started' } });
  });

  it('lets the other one be exposed, which then does not roll', () => {
    const exposed = { image, expose: { port: 80, host_port: 80 }, health_check: { tcp: 80 } };
    expect(load({ vpn: exposed }).services.vpn!.strategy).toMatchObject({ kind: 'rolling' });
    expect(load({ vpn: exposed, web: joining }).services.vpn!.strategy).toEqual({ kind: 'recreate' });
  });

  it.each<[string, Services, string]>([
    [
      'an unknown service',
      { vpm: vpn, web: joining },
      'services.web.network_mode: there is no service "vpn" (did you mean "vpm"?)',
    ],
    ['itself', { web: { image, pid: 'service:web' } }, 'services.web.pid: is part of a cycle: web -> web'],
    [
      'one that joins it',
      { vpn: { image, network_mode: 'service:web' }, web: joining },
      'services.vpn.network_mode: is part of a cycle: vpn -> web -> vpn',
    ],
    ['a job', { vpn: { image, kind: 'job' }, web: joining }, 'vpn is a job, whose namespaces end with it'],
    ['one of several', { vpn: { image, replicas: 2 }, web: joining }, 'vpn has 2 replicas, but only one can be joined'],
    [
      'something else',
      { web: { image, network_mode: 'ns:vpn' } },
      'services.web.network_mode: use host, none, service:NAME, container:NAME or the name of a network of the engine',
    ],
    [
      'no name of a service',
      { web: { image, ipc: 'service:' } },
      'use none, private, shareable, host, service:NAME or container:NAME',
    ],
    ['no name of a container', { web: { image, pid: 'container:../x' } }, 'use host, service:NAME or container:NAME'],
    ['private shared memory', { vpn, web: { image, ipc: 'service:vpn' } }, 'set ipc: shareable there'],
    [
      'one that rolls',
      { vpn: { image, strategy: 'rolling', health_check: { tcp: 1 } }, web: joining },
      'services.vpn.strategy: shares a namespace with web, so old and new cannot run side by side',
    ],
    [
      'others, and rolls itself',
      { vpn, web: { ...joining, strategy: 'rolling', health_check: { tcp: 1 } } },
      'services.web.strategy: shares a namespace with vpn',
    ],
    [
      'others, and fails alone',
      { vpn, web: { ...joining, on_failure: 'continue' } },
      'services.web.on_failure: shares a namespace with vpn, so it cannot fail alone',
    ],
  ])('is refused if it joins %s', (_, services, message) => {
    expect(problems(services).join('\n')).toContain(message);
  });

  it.each<[string, unknown]>([
    ['networks', ['default']],
    ['ports', ['80:80']],
    ['expose', { port: 80, host_port: 80 }],
    ['hostname', 'web'],
    ['domainname', 'example.test'],
    ['mac_address', '02:42:ac:11:65:43'],
    ['dns', '10.0.0.2'],
    ['dns_search', 'example.test'],
    ['dns_opt', ['ndots:1']],
    ['extra_hosts', { a: '10.0.0.2' }],
  ])('in its network has no %s of its own', (key, value) => {
    expect(problems({ vpn, web: { ...joining, health_check: { tcp: 80 }, [key]: value } })).toContain(
      `services.web.${key}: belongs to vpn, whose network this service joins; move it there`,
    );
    expect(problems({ vpn, web: { image, pid: 'service:vpn', health_check: { tcp: 80 }, [key]: value } })).toEqual([]);
  });

  it.each(['Kubernetes', 'Process'])('is refused by name on %s', (runtime) => {
    const infrastructure = runtime === 'Process' ? { container_runtime: runtime } : { orchestrator: runtime };
    const command = ['a'];
    const services = { vpn: { ...vpn, command }, web: { ...joining, command, pid: 'service:vpn', ipc: 'service:vpn' } };
    const found = problems(services, { infrastructure }).join('\n');
    expect(found).toMatch(/services\.web\.network_mode: service:NAME is not supported by/);
    expect(found).toMatch(/services\.web\.pid: pid is not supported by/);
    expect(found).toMatch(/services\.web\.ipc: ipc is not supported by/);
  });
});

describe('a service that restarts with a dependency', () => {
  it('says so beside the condition', () => {
    const { services } = load({
      db: { image, health_check: { tcp: 1 } },
      cache: vpn,
      web: { image, depends_on: { db: { condition: 'healthy', restart: true }, cache: { restart: 'false' } } },
    });
    expect(services.web).toMatchObject({ dependsOn: { db: 'healthy', cache: 'started' }, restartsWith: ['db'] });
  });

  it.each<[object, string]>([
    [{ restart: 'often' }, 'services.web.depends_on.job.restart: must be true or false'],
    [{ condition: 'completed', restart: true }, 'services.web.depends_on.job.restart: job is a job'],
  ])('%j is refused for a job', (entry, message) => {
    expect(problems({ job: { image, kind: 'job' }, web: { image, depends_on: { job: entry } } }).join('\n')).toContain(
      message,
    );
  });
});

describe('a service in a namespace of a container outside the stack', () => {
  const outside = { image, network_mode: 'container:vpn.1' };

  it('has no network, depends on nothing, and replaces its instance in place', () => {
    const { services } = load({ web: outside, peek: { image, ipc: 'container:a_b', pid: 'container:a_b' } });
    expect(services.web).toMatchObject({
      networkMode: 'container:vpn.1',
      networks: {},
      dependsOn: {},
      strategy: { kind: 'recreate' },
    });
    expect(services.peek).toMatchObject({ ipc: 'container:a_b', pid: 'container:a_b' });
  });

  it.each<[string, object, string]>([
    [
      'rolls',
      { strategy: 'rolling', health_check: { tcp: 1 } },
      'services.web.strategy: joins a namespace of the container vpn.1, so old and new cannot run side by side',
    ],
    [
      'has replicas',
      { replicas: 2 },
      'services.web.replicas: joins a namespace of the container vpn.1, so all 2 would have its address and ports',
    ],
    ['publishes ports', { ports: ['80:80'] }, 'services.web.ports: belongs to the container vpn.1'],
    ['has networks', { networks: ['default'] }, 'services.web.networks: belongs to the container vpn.1'],
  ])('is refused if it %s', (_, more, message) => {
    expect(problems({ web: { ...outside, ...more } }).join('\n')).toContain(message);
  });

  it.each([
    ['Kubernetes', { orchestrator: 'Kubernetes' }],
    ['processes', { orchestrator: 'Process' }],
  ])('is refused for %s', (_, infrastructure) => {
    const found = problems({ web: { command: 'x', network_mode: 'container:vpn' } }, { infrastructure });
    expect(found.join('\n')).toMatch(/services\.web\.network_mode: container:NAME is not supported by/);
  });
});
