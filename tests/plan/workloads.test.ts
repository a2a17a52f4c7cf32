import type { Stack } from '../../src/model/stack';
import type { ObservedInstance } from '../../src/model/observation';
import { servicesOf, type Plan, type Step } from '../../src/plan/plan';
import { planRollback } from '../../src/plan/undo/rollback';
import { planSettlement } from '../../src/plan/undo/settlement';
import { allSteps, emptyObservation, plan } from '../support/observation';
import { stackOf } from '../support/stack';

type Data = Record<string, unknown>;

const check = { health_check: { http: ':8080/healthz' } };
const shop = (api: Data, more: Data = {}): Stack =>
  stackOf({
    name: 'shop',
    environment: 'test',
    infrastructure: { orchestrator: 'Kubernetes' },
    services: { api: { image: 'api:1', replicas: 4, ...check, ...api }, ...more },
  });

/** What a cluster shows once a stack has been deployed. */
function deployed(stack: Stack): ObservedInstance[] {
  return allSteps(plan(stack, emptyObservation(stack)).plan).flatMap((step) =>
    step.kind === 'start' || step.kind === 'create-job'
      ? [
          {
            ...step.instance,
            id: step.instance.name,
            image: step.instance.image ?? '',
            imageId: '',
            state: step.instance.kind === 'job' ? ('exited' as const) : ('running' as const),
            exitCode: 0,
            policy: step.instance.restart,
            replicas: step.instance.workload?.replicas,
            networks: step.instance.networks.map(({ name }) => name),
            names: step.instance.networks,
          },
        ]
      : [],
  );
}

const next = (stack: Stack, before: Stack) =>
  plan(
    stack,
    { ...emptyObservation(stack), instances: deployed(before) },
    { deployment: 2, release: { from: 1, to: 2 } },
  );
/** The ids of steps with these titles. */
const idsOf = (of: Plan, titles: string[]) =>
  new Set(
    allSteps(of)
      .filter(({ title }) => titles.includes(title))
      .map(({ id }) => id),
  );
const ids = (steps: Step[]) => steps.map(({ title }) => title);
const sizes = (steps: Step[]) =>
  steps.flatMap((step) =>
    step.kind === 'start' || step.kind === 'update'
      ? [`${step.instance.name} ${step.instance.workload?.replicas}`]
      : [],
  );

describe('a plan for a cluster', () => {
  it('starts a service as one workload, pulls nothing, and hands out no ports of a host', () => {
    const { plan: first, refusals } = plan(shop({ ports: ['80:8080'] }), emptyObservation(shop({})));
    expect({ refusals, pulls: first.pulls, steps: ids(allSteps(first)) }).toEqual({
      refusals: [],
      pulls: [],
      steps: ['start api (api:1)'],
    });
  });

  it('gives a port of the nodes to one service, and others may have the same within the cluster', () => {
    const both = (port: number, infrastructure: Data = {}) => {
      const stack = stackOf({
        name: 'shop',
        environment: 'test',
        infrastructure: { orchestrator: 'Kubernetes', ...infrastructure },
        services: {
          api: { image: 'api:1', ports: [`${port}:8080`] },
          web: { image: 'web:1', ports: [`${port}:8080`] },
        },
      });
      return plan(stack, emptyObservation(stack)).refusals;
    };
    const nodes = { kubernetes: { service_type: 'NodePort' } };
    expect(both(30_080, nodes)).toEqual([
      {
        path: 'services.web.ports.0',
        message: 'node port 30080/tcp is in use by api-1; choose another port, or stop api-1',
      },
    ]);
    expect([both(30_080), both(80, nodes)]).toEqual([[], []]);
  });

  it('is refused where it comes in by a Gateway and the cluster knows of none', () => {
    const stack = shop({ expose: { port: 8080 } });
    expect(plan(stack, { ...emptyObservation(stack), lacksGateways: true }).refusals).toEqual([
      {
        path: 'infrastructure.kubernetes.gateway',
        message: expect.stringContaining('install the Gateway API there, or remove gateway'),
      },
    ]);
  });

  it('is refused where the cluster is too old, but for a stop', () => {
    const stack = shop({});
    const old = { ...emptyObservation(stack), tooOld: 'v1.29.1' };
    expect(plan(stack, old).refusals).toEqual([
      {
        path: 'infrastructure',
        message: expect.stringContaining('is Kubernetes v1.29.1; the engine needs 1.30 or newer'),
      },
    ]);
    expect(plan(stack, old, { intent: { kind: 'stop', force: false } }).refusals).toEqual([]);
  });

  it('changes a workload where it stands, and says what of it', () => {
    const { plan: second } = next(shop({ image: 'api:2' }), shop({}));
    expect(ids(allSteps(second))).toEqual(['update api (api:2)']);
    expect(servicesOf(second.phases)[0]).toMatchObject({
      action: 'replace',
      changes: [{ key: 'image', from: 'api:1', to: 'api:2' }],
      interruptionMs: 0,
      superseded: [],
    });
    expect(servicesOf(next(shop({ replicas: 5 }), shop({})).plan.phases)[0]).toMatchObject({
      action: 'scale',
      changes: [{ key: 'replicas', from: '4', to: '5' }],
    });
    expect(allSteps(next(shop({}), shop({})).plan)).toEqual([]);
  });

  it('scales a workload to nothing and back, and leaves one alone that is to have no pods', () => {
    const scaled = (to: number, from: number) => next(shop({ replicas: to }), shop({ replicas: from }));
    for (const [to, from] of [
      [0, 4],
      [4, 0],
    ] as const) {
      expect(servicesOf(scaled(to, from).plan.phases)[0]).toMatchObject({
        action: 'scale',
        changes: [{ key: 'replicas', from: String(from), to: String(to) }],
        notes: [],
      });
      expect(sizes(allSteps(scaled(to, from).plan))).toEqual([`shop-test/api ${to}`]);
    }
    expect(allSteps(scaled(0, 0).plan)).toEqual([]);
  });

  it('grows a canary beside it, whose pods are about the share that its step says, and lets it go at the end', () => {
    const strategy = {
      canary: {
        steps: [
          { weight: 20, bake: '5s' },
          { weight: 50, approval: true },
        ],
      },
    };
    const { plan: second } = next(shop({ image: 'api:2', strategy }), shop({ strategy }));
    const steps = allSteps(second);
    expect(ids(steps)).toEqual([
      'start the canary of api (api:2)',
      'route api to its canary too',
      'bake api at 20 % for 5 s',
      'grow the canary of api to 50 %',
      'approve api beyond 50 %',
      'update api (api:2)',
      'remove shop-test/api-canary',
    ]);
    expect(sizes(steps)).toEqual(['shop-test/api-canary 1', 'shop-test/api-canary 4', 'shop-test/api 4']);
  });

  it('gives a canary its share by weight where a Gateway lets requests in, and as many pods as that needs', () => {
    const strategy = { canary: { steps: [{ weight: 20, bake: '5s' }, { weight: 50 }] } };
    const behind = (image: string) => ({
      ...shop({ image, strategy, expose: { port: 8080 } }),
      infrastructure: stackOf({
        name: 'x',
        infrastructure: { orchestrator: 'Kubernetes', kubernetes: { gateway: 'public' } },
        services: { x: { image: 'x' } },
      }).infrastructure,
    });
    const steps = allSteps(next(behind('api:2'), behind('api:1')).plan);
    expect(ids(steps)).toEqual([
      'start the canary of api (api:2)',
      'send 20 % of api to shop-test/api-canary',
      'bake api at 20 % for 5 s',
      'grow the canary of api to 50 %',
      'send 50 % of api to shop-test/api-canary',
      'update api (api:2)',
      'remove shop-test/api-canary',
    ]);
    expect(sizes(steps)).toEqual(['shop-test/api-canary 1', 'shop-test/api-canary 2', 'shop-test/api 4']);
    const first = allSteps(next(behind('api:2'), shop({ image: 'api:1', strategy })).plan);
    expect(ids(first)).toContain('route api to its canary too');
    expect(sizes(first)).toEqual(['shop-test/api-canary 1', 'shop-test/api-canary 4', 'shop-test/api 4']);
  });

  it('tries a whole new set before its name leads there; the service follows after everything else', () => {
    const strategy = { blue_green: { smoke_test: { command: ['check'] }, approval: true, keep_old: '1m' } };
    const { plan: second } = next(shop({ image: 'api:2', strategy }), shop({ strategy }));
    const [service] = servicesOf(second.phases);
    expect(ids(service!.stages.flat(2))).toEqual([
      'start the next set of api (api:2)',
      'smoke test of api',
      'approve the switch of api',
      'switch api to shop-test/api-next',
    ]);
    expect(ids(service!.tail.flat(2))).toEqual([
      'keep the old api for 60 s',
      'update api (api:2)',
      'remove shop-test/api-next',
    ]);
    const test = service!.stages.flat(2).find((step) => step.kind === 'test');
    expect(test).toMatchObject({ instance: { name: 'shop-test/api-test-d2', variables: { TARGET: 'api-next:8080' } } });
  });

  it('starts at once what does not serve, whatever its strategy', () => {
    const strategy = { canary: { steps: [{ weight: 20 }] } };
    expect(ids(allSteps(plan(shop({ strategy }), emptyObservation(shop({}))).plan))).toEqual(['start api (api:1)']);
  });

  it('goes back: what was begun is restored, dependencies first, and what ran beside it goes last', () => {
    const strategy = { canary: { steps: [{ weight: 20 }] } };
    const web = (image: string) => ({ web: { image, ...check, depends_on: { api: 'healthy' } } });
    const { plan: second } = next(shop({ image: 'api:2', strategy }, web('web:2')), shop({ strategy }, web('web:1')));
    const back = (...started: string[]) =>
      planRollback({ plan: second, started: idsOf(second, started), finished: new Set(), onRollback: {} }).stages.map(
        ({ title, lanes }) => [title, ids(lanes.flat())],
      );
    expect(back('start the canary of api (api:2)')).toEqual([['phase 1 aside', ['remove shop-test/api-canary']]]);
    expect(back('start the canary of api (api:2)', 'update api (api:2)', 'update web (web:2)')).toEqual([
      ['phase 1 up', ['restore api to its state before deployment 2']],
      ['phase 2 up', ['restore web to its state before deployment 2']],
      ['phase 1 aside', ['remove shop-test/api-canary']],
    ]);
  });

  it('never deletes a volume that a workload which was changed may have mounted', () => {
    const holding = stackOf({
      name: 'shop',
      environment: 'test',
      infrastructure: { orchestrator: 'Kubernetes' },
      volumes: { data: {} },
      services: { api: { image: 'api:2', ...check, volumes: ['data:/data'] } },
    });
    const { plan: second } = next(holding, shop({ replicas: 1 }));
    const all = [...second.preparation, ...allSteps(second)];
    const titles = (started: Step[]) =>
      planRollback({
        plan: second,
        started: new Set(started.map(({ id }) => id)),
        finished: new Set(),
        onRollback: {},
      }).stages.flatMap(({ lanes }) => ids(lanes.flat()));
    expect(titles(second.preparation)).toEqual(['remove volume shop-test/data']);
    expect(titles(all)).toEqual(['restore api to its state before deployment 2']);
  });

  it('stops what would be in the way of a command that undoes a job', () => {
    const stack = (image: string) =>
      shop(
        { image, depends_on: { migrate: 'completed' } },
        { migrate: { image, kind: 'job', on_rollback: { command: ['undo'] } } },
      );
    const { plan: second } = next(stack('api:2'), stack('api:1'));
    const { stages } = planRollback({
      plan: second,
      started: new Set(allSteps(second).map(({ id }) => id)),
      finished: new Set(allSteps(second).map(({ id }) => id)),
      onRollback: { migrate: { command: ['undo'] } },
    });
    expect(stages.map(({ title, lanes }) => [title, ids(lanes.flat())])).toEqual([
      ['phase 2 down', ['stop shop-test/api']],
      [
        'phase 1 down',
        ['create migrate (api:2)', 'run migrate-0', 'remove shop-test/migrate-d2-undo', 'remove shop-test/migrate-d2'],
      ],
      ['phase 2 up', ['restore api to its state before deployment 2']],
    ]);
  });

  it('settles what a lost deployment left: what it replaced comes back, what it added goes', () => {
    const instances = deployed(shop({}, { added: { image: 'x:1' } })).map((instance) => ({
      ...instance,
      deployment: 2,
      ...(instance.service === 'api' && { replaces: 1 }),
    }));
    const canary = { ...instances[0]!, name: 'shop-test/api-canary', replaces: undefined, beside: 'canary' as const };
    const { stages } = planSettlement({
      views: [{ taskQueue: 'q', observation: { ...emptyObservation(shop({})), instances: [...instances, canary] } }],
      committed: 1,
      runtime: 'kubernetes',
    });
    expect(stages.map(({ lanes }) => ids(lanes.flat()))).toEqual([
      ['restore api to its state before deployment 2', 'remove shop-test/added'],
      ['remove shop-test/api-canary'],
    ]);
  });
});

describe('a stack file for a cluster', () => {
  const refused =
    (services: Data, more: Data = {}) =>
    () =>
      stackOf({ name: 'shop', environment: 'test', infrastructure: { orchestrator: 'Kubernetes' }, services, ...more });

  it.each([
    [
      'a folder of a host',
      { api: { image: 'a', volumes: ['./here:/there'] } },
      'bind mounts are not supported on a cluster; use configs for files, a volume for data',
    ],
    ['a user by name', { api: { image: 'a', user: 'nobody' } }, 'Kubernetes accepts numeric users only'],
    [
      'a policy that nothing keeps',
      { api: { image: 'a', restart: 'no' } },
      'Kubernetes always restarts a service; remove restart, or set kind: job',
    ],
    [
      'health that an image reports',
      { api: { image: 'a', health_check: { runtime: true } } },
      "does not read an image's HEALTHCHECK",
    ],
    [
      'keys that a cluster cannot honour',
      { api: { image: 'a', init: true } },
      'init is not supported by Kubernetes; remove it, or choose another runtime',
    ],
    [
      'a way in that is not its own',
      { api: { image: 'a', expose: { port: 80, host_port: 8080 } } },
      "is configured in the cluster's Ingress controller; remove host_port",
    ],
    [
      'an address of a host',
      { api: { image: 'a', ports: ['127.0.0.1:80:80'] } },
      'a cluster cannot listen on an address of a host; remove 127.0.0.1',
    ],
    [
      "a name that is another service's",
      { api: { image: 'a', networks: { default: { aliases: ['web'] } } }, web: { image: 'w' } },
      '"web" is already a name of web, and on a cluster a name belongs to one service; choose another alias',
    ],
    [
      'a name that is none',
      { a_b: { image: 'a' } },
      '"a_b" is not a valid name on Kubernetes; use at most 50 lower-case letters, digits and -, ' +
        'starting with a letter',
    ],
    [
      'the name of what runs beside another',
      {
        api: { image: 'a', ...check, strategy: { canary: { steps: [{ weight: 10 }] } } },
        'api-canary': { image: 'a' },
      },
      'is reserved for the second workload of api during a rollout; choose another name',
    ],
  ])('is refused with %s', (_, services, message) => {
    expect(refused(services)).toThrow(message);
  });

  it('tells a cluster only what is for one', () => {
    expect(
      refused(
        { api: { image: 'a', expose: { port: 80, tls: true } } },
        { infrastructure: { orchestrator: 'Kubernetes', kubernetes: { gateway: 'public' } } },
      ),
    ).toThrow("is configured in the cluster's Gateway");
    expect(
      refused({ api: { image: 'a' } }, { infrastructure: { orchestrator: 'Kubernetes', hosts: { alpha: {} } } }),
    ).toThrow('none of the hosts is a cluster');
    expect(refused({ api: { image: 'a' } }, { infrastructure: { kubernetes: {} } })).toThrow(
      'applies to clusters only; remove it, or set orchestrator: Kubernetes, or give one of the ' +
        'hosts `kubernetes: CONTEXT`',
    );
    expect(
      refused({ api: { image: 'a' } }, { infrastructure: { orchestrator: 'Kubernetes', load_balancer: {} } }),
    ).toThrow('is not used on a cluster: exposed services get an Ingress; remove load_balancer');
    expect(refused({ api: { image: 'a', networks: ['n'] } }, { networks: { n: { internal: true } } })).toThrow(
      'is not supported on a cluster, where networks are NetworkPolicies; remove internal',
    );
  });

  it('leaves it to others how many pods there are where it does not say, but never of what holds data', () => {
    const { services } = stackOf({
      name: 'shop',
      infrastructure: { orchestrator: 'Kubernetes' },
      volumes: { data: {} },
      services: { api: { image: 'a' }, db: { image: 'd', volumes: ['data:/data'] }, web: { image: 'w', replicas: 1 } },
    });
    expect(Object.values(services).map(({ autoscaled }) => autoscaled)).toEqual([true, undefined, undefined]);
  });
});
