import { planText } from '../../src/cli/output/plan-text';
import type { Step } from '../../src/plan/plan';
import { summarise } from '../../src/workflows/deployment/report/summary';
import { stackOf } from '../support/stack';
import { allSteps, emptyObservation, plan, StackObservation } from '../support/observation';

const base = { name: 'shop', environment: 'staging', infrastructure: { network: { cidr: '172.20.0.0/16' } } };
const named = (step: Step): string => `${step.kind} ${'instance' in step ? step.instance.service : ''}`;
const deployed = (stack: ReturnType<typeof stackOf>) => {
  const world = new StackObservation('shop/staging');
  const { plan: first } = plan(stack);
  for (const step of [...first.preparation, ...allSteps(first)]) world.perform(step);
  return world;
};

describe('phases', () => {
  it('honours an explicit phase, and puts what depends on it later', () => {
    const stack = stackOf({
      ...base,
      services: { a: { image: 'a', phase: 3 }, b: { image: 'b', depends_on: ['a'] }, c: { image: 'c' } },
    });
    expect(
      plan(stack).plan.phases.map(({ number, services }) => `${number} ${services.map(({ name }) => name)}`),
    ).toEqual(['1 c', '3 a', '4 b']);
  });

  it('refuses a phase that contradicts a dependency', () => {
    const stack = stackOf({
      ...base,
      services: { a: { image: 'a', phase: 2 }, b: { image: 'b', phase: 2, depends_on: ['a'] } },
    });
    expect(plan(stack).refusals).toEqual([
      {
        path: 'services.b.phase',
        message: 'phase 2 is too early: b depends on a, which is in phase 2; use 3 or later',
      },
    ]);
  });
});

describe('scaling', () => {
  const scaled = (replicas: number, image = 'api:1', more: object = {}) =>
    stackOf({ ...base, services: { api: { image, replicas, ...more } } });
  const change = (from: number, to: ReturnType<typeof stackOf>) =>
    plan(to, deployed(scaled(from)).observe(to), { deployment: 2 }).plan;

  it.each([
    [2, 4],
    [4, 2],
    [1, 3],
    [2, 0],
    [1, 0],
  ])('from %i to %i is called so, and replaces nothing', (from, to) => {
    const next = change(from, scaled(to));
    expect(next.phases[0]!.services[0]).toMatchObject({
      action: 'scale',
      changes: [{ key: 'replicas', from: String(from), to: String(to) }],
      notes: [],
    });
    const text = planText(summarise(next)).join('\n');
    expect(text).toContain(`scale  replicas ${from} -> ${to}`);
    expect(text).not.toMatch(/0 of 0|replace/);
  });

  it('together with another change is a replacement', () => {
    expect(change(2, scaled(4, 'api:2')).phases[0]!.services[0]).toMatchObject({ action: 'replace' });
  });
});

describe('a health check that changes', () => {
  const checked = (check: object, more: object = {}) =>
    stackOf({
      ...base,
      services: { api: { image: 'api:1', health_check: { command: ['check'], ...check }, ...more } },
    });
  const change = (to: ReturnType<typeof stackOf>, more = {}) =>
    plan(to, deployed(checked({})).observe(to), { deployment: 2, ...more }).plan.phases[0]!.services[0];

  it('replaces its service: an instance is judged by the one that it was made with', () => {
    for (const to of [
      checked({ command: ['other'] }),
      checked({ interval: '7s' }),
      checked({ disable: true, command: undefined }),
    ])
      expect(change(to)).toMatchObject({
        action: 'replace',
        changes: [{ key: expect.stringMatching(/^health_/) as string }],
      });
    expect(change(checked({}))).toMatchObject({ action: 'keep', changes: [] });
    expect(change(checked({ command: ['other'] }, { image: 'api:2' }))).toMatchObject({
      action: 'replace',
      changes: [{ key: 'image' }],
    });
  });

  it('replaces nothing in a deployment that began under an engine that let it be', () => {
    expect(change(checked({ command: ['other'] }), { keepsOldChecks: true })).toMatchObject({ action: 'keep' });
  });
});

describe('capacity', () => {
  const stack = stackOf({
    ...base,
    services: {
      a: { image: 'a', replicas: 3, resources: { reserve: { memory: '10G' } } },
      b: { image: 'b', resources: { reserve: { memory: '20G' }, limit: { cpus: 9 } } },
    },
  });

  it('refuses reservations that do not fit, with the sums', () => {
    const observation = emptyObservation(stack);
    observation.capacity.reservedByOthers = { memory: 20 * 1024 ** 3 };
    expect(plan(stack, observation).refusals).toEqual([
      {
        path: 'services',
        message:
          'the stack reserves 50 GiB of memory (a 30 GiB, b 20 GiB); host docker://test has 64 GiB of memory, ' +
          'of which other stacks hold 20 GiB of memory. Reserve less, or use a larger host',
      },
    ]);
  });

  it('warns of limits that overcommit', () => {
    expect(plan(stack)).toMatchObject({
      refusals: [],
      plan: {
        warnings: ['limits add up to 9 CPUs, more than the 8 CPUs of host docker://test: instances may compete'],
      },
    });
  });
});

describe('networks', () => {
  it("are carved from the stack's range, around what the host has", () => {
    const stack = stackOf({
      ...base,
      networks: { front: {}, back: { cidr: '172.20.0.0/24' } },
      services: { a: { image: 'a', networks: ['front', 'back'] } },
    });
    const observation = {
      ...emptyObservation(stack),
      networks: [{ name: 'other', cidr: '172.20.1.0/24', ours: false, owner: 'stack other/test' }],
    };
    expect(plan(stack, observation).plan.preparation).toMatchObject([
      { network: { name: 'shop-staging_back', cidr: '172.20.0.0/24' } },
      { network: { name: 'shop-staging_front', cidr: '172.20.2.0/24' } },
    ]);
  });

  it('cannot become internal under their instances', () => {
    const stack = (internal: boolean) =>
      stackOf({ ...base, networks: { back: { internal } }, services: { a: { image: 'a', networks: ['back'] } } });
    const back = (internal: boolean) => [
      { name: 'shop-staging_back', ours: true, owner: 'stack shop/staging', internal },
    ];
    const refusalsOf = (now: boolean, wanted: boolean) =>
      plan(stack(wanted), { ...emptyObservation(stack(wanted)), networks: back(now) }).refusals;
    expect(refusalsOf(true, true)).toEqual([]);
    expect(refusalsOf(false, true)).toEqual([
      {
        path: 'networks.back.internal',
        message:
          'the network "shop-staging_back" is not internal and cannot become internal under ' +
          'its instances; run `deploy-code stop` first, or give it a new name',
      },
    ]);
    expect(refusalsOf(true, false)).toMatchObject([{ path: 'networks.back.internal' }]);
  });

  it('that services join by their mode have to be there, and are neither made nor removed', () => {
    const stack = stackOf({ ...base, services: { a: { image: 'a', network_mode: 'edge' } } });
    const refusalsOf = (networks: ReturnType<typeof emptyObservation>['networks']) => {
      const { plan: made, refusals } = plan(stack, { ...emptyObservation(stack), networks });
      expect([...made.preparation, ...made.cleanup]).toEqual([]);
      return refusals;
    };
    const edge = (more: object) => ({ name: 'edge', ours: false, owner: 'the Docker network "edge"', ...more });
    expect(refusalsOf([edge({})])).toEqual([]);
    expect(refusalsOf([edge({ ours: true, owner: 'stack shop/staging' })])).toEqual([]);
    expect(refusalsOf([edge({ name: 'other' })])).toEqual([
      {
        path: 'services.a.network_mode',
        message: 'there is no network "edge" on the host; create it first, or correct the name',
      },
    ]);
    const joining = stackOf({ ...base, services: { a: { image: 'a', network_mode: 'b' }, b: { image: 'b' } } });
    expect(plan(joining, emptyObservation(joining)).refusals).toMatchObject([
      { message: 'there is no network "b" on the host; write service:b, or correct the name' },
    ]);
  });

  it('of others are not joined by services whose names another environment has, unless nobody asks by them', () => {
    const others = [
      {
        name: 'edge',
        ours: false,
        owner: 'the Docker network "edge"',
        namesOfOthers: [{ name: 'db', by: 'shop/production', isAsked: false }],
      },
    ];
    const on = (services: object) => {
      const stack = stackOf({ ...base, networks: { edge: { external: true } }, services });
      return plan(stack, { ...emptyObservation(stack), networks: others }).refusals;
    };
    const db = { image: 'db', networks: ['edge'] };
    expect(on({ db, app: { image: 'app', networks: ['edge'] } })).toMatchObject([
      {
        path: 'services.db.networks.edge',
        forceable: true,
        message: expect.stringContaining('"db" is also a name of shop/production'),
      },
    ]);
    expect(on({ db })).toEqual([]);
    expect(on({ web: { image: 'web', networks: { edge: { aliases: ['db'] } } } })).toMatchObject([
      {
        path: 'services.web.networks.edge',
        message: expect.stringContaining('"db" is also a name of shop/production'),
      },
    ]);
    others[0]!.namesOfOthers = [{ name: 'db', by: 'shop/production', isAsked: true }];
    expect(on({ db })).toMatchObject([{ path: 'services.db.networks.edge', forceable: true }]);
    others[0]!.namesOfOthers = [{ name: 'db', by: 'shop/production', isAsked: false }];
    expect(on({ api: db, app: { image: 'app', networks: ['edge'] } })).toEqual([]);
  });

  it("that clash with another stack's are refused, with whose they are", () => {
    const stack = stackOf({
      ...base,
      networks: { back: { cidr: '172.21.0.0/24' } },
      services: { a: { image: 'a', networks: ['back'] } },
    });
    const observation = {
      ...emptyObservation(stack),
      networks: [{ name: 'other', cidr: '172.21.0.0/16', ours: false, owner: 'stack other/test' }],
    };
    expect(plan(stack, observation).refusals).toEqual([
      {
        path: 'networks.back.cidr',
        message: '172.21.0.0/24 overlaps 172.21.0.0/16 of stack other/test; choose another CIDR',
      },
    ]);
  });
});

describe('volumes', () => {
  const stack = (volume: object, key = 'data') =>
    stackOf({ ...base, volumes: { [key]: volume }, services: { db: { image: 'db:1', volumes: [`${key}:/data`] } } });

  it('of another environment are never mounted', () => {
    const observation = {
      ...emptyObservation(stack({ name: 'pg', external: true })),
      volumes: [{ name: 'pg', owner: 'shop/production' }],
    };
    expect(plan(stack({ name: 'pg', external: true }), observation).refusals).toEqual([
      {
        path: 'volumes.data',
        message:
          'the volume "pg" belongs to shop/production; choose another name: ' +
          'an environment cannot mount the volume of another one',
      },
    ]);
  });

  it("that exist and are nobody's have to be adopted in so many words", () => {
    const observation = { ...emptyObservation(stack({ name: 'pg' })), volumes: [{ name: 'pg', owner: '' }] };
    expect(plan(stack({ name: 'pg' }), observation).refusals[0]!.message).toContain('set external: true to adopt it');
    expect(plan(stack({ name: 'pg', external: true }), observation).refusals).toEqual([]);
  });

  it('that Compose made are adopted as the refusal says, once its containers have stopped', () => {
    const volumes = [{ name: 'pg', owner: '', compose: 'blog', writers: ['blog-db-1'] }];
    const messages = (of: ReturnType<typeof stack>) =>
      plan(of, { ...emptyObservation(of), volumes }).refusals.map(({ message }) => message);
    const stop = 'the container blog-db-1 writes to the volume "pg"; stop it first: a volume can have only one writer';
    expect(messages(stack({ name: 'pg' }))).toEqual([
      'the volume "pg" was made by `docker compose`, and holds the data of its project blog; to use it, ' +
        'run `docker compose -p blog stop`, and add to the Compose file ' +
        'x-deploy-code: {volumes: {data: {external: true}}}, or in a stack file external: true',
      stop,
    ]);
    expect(messages(stack({ name: 'pg', external: true }))).toEqual([stop]);
  });

  it('that somebody else writes to are refused until that has stopped', () => {
    const adopted = stack({ name: 'pg', external: true });
    const observation = {
      ...emptyObservation(adopted),
      volumes: [{ name: 'pg', owner: '', writers: ['compose-postgres-1'] }],
    };
    expect(plan(adopted, observation).refusals).toEqual([
      {
        path: 'volumes.data',
        message:
          'the container compose-postgres-1 writes to the volume "pg"; ' +
          'stop it first: a volume can have only one writer',
      },
    ]);
    expect(plan(stack({ name: 'pg', external: true, shared: true }), observation).refusals).toEqual([]);
  });

  it('that are renamed plan as NEW, EMPTY and need --force', () => {
    const world = deployed(stack({}));
    const renamed = stack({}, 'fresh');
    const { refusals } = plan(renamed, world.observe(renamed), { deployment: 2 });
    expect(refusals).toEqual([
      expect.objectContaining({
        forceable: true,
        message:
          '/data would be NEW, EMPTY: the volume "shop-staging_fresh" does not exist; the old ' +
          'one, "shop-staging_data", is kept. Pass --force to start with an empty volume',
      }),
    ]);
    const forced = plan(renamed, world.observe(renamed), { deployment: 2, intent: { kind: 'deploy', force: true } });
    expect(forced.refusals).toEqual([]);
    expect(allSteps(forced.plan).some(({ kind }) => kind === 'remove-volume')).toBe(false);
  });

  it('that are renamed while nothing runs are known by what they were made for', () => {
    const renamed = stack({}, 'fresh');
    const kept = { name: 'shop-staging_data', owner: 'shop/staging', mountedAt: ['db:/data'] };
    expect(plan(renamed, { ...emptyObservation(renamed), volumes: [kept] }).refusals).toMatchObject([
      { forceable: true, message: expect.stringContaining('the old one, "shop-staging_data", is kept') },
    ]);
    expect(
      plan(renamed, { ...emptyObservation(renamed), volumes: [{ ...kept, mountedAt: ['db:/elsewhere'] }] }).refusals,
    ).toEqual([]);
  });
});

describe('ports', () => {
  it('are allocated from a range, around what is in use, and stay with their instance', () => {
    const stack = (tag: string) =>
      stackOf({ ...base, services: { a: { image: `a:${tag}`, replicas: 2, ports: ['8000-8003:80'] } } });
    const observation = {
      ...emptyObservation(stack('1')),
      portsInUse: [{ port: 8000, protocol: 'tcp' as const, by: 'a process of the host' }],
    };
    const hosts = (planning: ReturnType<typeof plan>) =>
      allSteps(planning.plan).flatMap((step) =>
        step.kind === 'start' ? step.instance.ports.map(({ host }) => host) : [],
      );
    const first = plan(stack('1'), observation);
    expect(hosts(first)).toEqual([8001, 8002]);
    const world = new StackObservation('shop/staging');
    for (const step of allSteps(first.plan)) world.perform(step);
    expect(hosts(plan(stack('2'), world.observe(stack('2')), { deployment: 2 }))).toEqual([8001, 8002]);
  });

  it('that something else holds are refused', () => {
    const stack = stackOf({ ...base, services: { a: { image: 'a', ports: ['80:80'] } } });
    const observation = {
      ...emptyObservation(stack),
      portsInUse: [{ port: 80, protocol: 'tcp' as const, by: 'the container web' }],
    };
    expect(plan(stack, observation).refusals).toEqual([
      {
        path: 'services.a.ports.0',
        message: 'host port 80 is in use by the container web; choose another port, or stop the container web',
      },
    ]);
  });

  it('are free at one address of the host while something else has them at another', () => {
    const on = (hostIp?: string) => {
      const stack = stackOf({ ...base, services: { a: { image: 'a', ports: ['127.0.0.2:80:80'] } } });
      return plan(stack, {
        ...emptyObservation(stack),
        portsInUse: [{ port: 80, protocol: 'tcp', by: 'a process of the host', hostIp }],
      }).refusals;
    };
    expect(on('127.0.0.1')).toEqual([]);
    expect(on('127.0.0.2')).toMatchObject([
      { message: 'host port 80 is in use by a process of the host; choose another port, or stop that process' },
    ]);
    expect(on()).toHaveLength(1);
  });

  it('go over to a service that was renamed: the old one is stopped first', () => {
    const stack = (name: string) => stackOf({ ...base, services: { [name]: { image: 'a', ports: ['80:80'] } } });
    const { plan: renamed, refusals } = plan(stack('frontend'), deployed(stack('web')).observe(stack('frontend')), {
      deployment: 2,
    });
    expect(refusals).toEqual([]);
    expect(allSteps(renamed).map(named)).toEqual(['retire web', 'start frontend']);
  });

  it('that change places between services are given up by all before anybody takes one', () => {
    const stack = (a: number, b: number) =>
      stackOf({
        ...base,
        services: { a: { image: 'a', ports: [`${a}:80`] }, b: { image: 'b', ports: [`${b}:80`] }, c: { image: 'c' } },
      });
    const { plan: swapped, refusals } = plan(stack(82, 81), deployed(stack(81, 82)).observe(stack(82, 81)), {
      deployment: 2,
    });
    expect(refusals).toEqual([]);
    expect(allSteps(swapped).map(named)).toEqual(['retire a', 'retire b', 'start a', 'start b']);
  });
});

describe('what a plan prints', () => {
  it('reads like a diff that one trusts', () => {
    const stack = (tag: string) =>
      stackOf({
        ...base,
        volumes: { data: {} },
        services: {
          db: { image: 'postgres:15', volumes: ['data:/data'], health_check: { tcp: 5432 } },
          migrate: { image: `acme/api:${tag}`, kind: 'job', depends_on: ['db'] },
          api: { image: `acme/api:${tag}`, replicas: 3, depends_on: ['migrate'], environment: { A: tag } },
          web: { image: 'acme/web:1', depends_on: ['api'] },
        },
      });
    const world = deployed(stack('1.4.0'));
    const next = stack('1.5.0');
    const { plan: planned } = plan(next, world.observe(next), { deployment: 2, release: { from: 1, to: 2 } });
    expect(planText(summarise(planned))).toEqual([
      'shop/staging  release 1 -> 2   docker://test',
      '  phase 2  ! migrate  run      image acme/api:1.4.0 (sha256:acm…) ' +
        '-> acme/api:1.5.0 (sha256:acm…); kept on rollback',
      '  phase 3  ~ api x3   replace  image acme/api:1.4.0 (sha256:acm…) -> acme/api:1.5.0 (sha256:acm…); environment',
      '  = db, web unchanged   data: no volume touched',
      expect.stringMatching(/^ {2}interruption: none {3}estimate /),
    ]);
  });

  it('marks a new image on a service that holds data as one-way', () => {
    const stack = (tag: string) =>
      stackOf({
        ...base,
        volumes: { data: {} },
        services: { db: { image: `postgres:${tag}`, volumes: ['data:/data'] } },
      });
    const next = stack('16');
    const { plan: planned } = plan(next, deployed(stack('15')).observe(next), { deployment: 2 });
    expect(planned.phases[0]!.services[0]!.notes).toEqual([expect.stringContaining('one-way')]);
  });

  it('counts images by content: a moved tag is a change', () => {
    const stack = stackOf({ ...base, services: { a: { image: 'a:latest' } } });
    const observation = deployed(stack).observe(stack);
    observation.images = [{ reference: 'a:latest', id: 'sha256:moved' }];
    expect(plan(stack, observation, { deployment: 2 }).plan.phases[0]!.services[0]).toMatchObject({
      action: 'replace',
      changes: [{ key: 'image' }],
    });
  });

  it('is refused on an engine of another machine where it mounts relative paths', () => {
    const stack = stackOf({ ...base, services: { a: { image: 'a', volumes: ['./here:/there'] } } });
    const observation = emptyObservation(stack);
    observation.capacity.local = false;
    expect(plan(stack, observation).refusals[0]!.message).toContain(
      'a relative bind mount does not work on docker://test, which is another machine',
    );
  });
});

describe('a gate on a job that only people run', () => {
  const stack = stackOf({
    ...base,
    services: {
      seed: { kind: 'job', run: 'manual', image: 's' },
      app: { image: 'a', depends_on: { seed: 'completed' } },
    },
  });

  it('stays shut until somebody has run it', () => {
    expect(plan(stack).refusals).toMatchObject([
      {
        path: 'services.app.depends_on.seed',
        forceable: true,
        message: expect.stringContaining('`deploy-code run seed`'),
      },
    ]);
    expect(plan(stack, emptyObservation(stack), { jobs: { seed: 'whatever it was then' } }).refusals).toEqual([]);
    expect(
      plan(stack, emptyObservation(stack), { intent: { kind: 'deploy', force: false, services: ['seed'] } }).refusals,
    ).toEqual([]);
    expect(plan(stack, emptyObservation(stack), { intent: { kind: 'deploy', force: true } }).refusals).toEqual([]);
  });
});

describe('removals', () => {
  it('come first where they hold a volume that something new needs', () => {
    const before = stackOf({
      ...base,
      volumes: { data: {} },
      services: { postgres: { image: 'pg', volumes: ['data:/data'] }, old: { image: 'old' } },
    });
    const after = stackOf({
      ...base,
      volumes: { data: {} },
      services: { db: { image: 'pg', volumes: ['data:/data'] } },
    });
    const { plan: planned } = plan(after, deployed(before).observe(after), { deployment: 2 });
    expect(planned.phases.map(({ services }) => services.map(({ name, action }) => `${name} ${action}`))).toEqual([
      ['postgres remove'],
      ['db create'],
      ['old remove'],
    ]);
  });
});
