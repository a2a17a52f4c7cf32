import { planText } from '../../src/cli/output/plan-text';
import type { Observation, ObservedImage } from '../../src/model/observation';
import type { PlanInput } from '../../src/plan/plan-input';
import { summarise } from '../../src/workflows/deployment/report/summary';
import { allSteps, emptyObservation, plan as planOf, StackObservation } from '../support/observation';
import { stackOf } from '../support/stack';

const base = { name: 'shop', environment: 'staging', infrastructure: { network: { cidr: '172.20.0.0/16' } } };
const unnamed = (digits: string) => digits.repeat(16);

/** A stack of one service, and what plans of it say where its image declares volumes. */
const world = (paths: string[], more: object = {}, others: object = {}) => {
  const seen = new StackObservation('shop/staging');
  const stackWith = (changed: object) =>
    stackOf({ ...base, ...others, services: { db: { image: 'db:1', ...more, ...changed } } });
  const images: ObservedImage[] = [{ reference: 'db:1', id: 'sha256:db', volumes: paths }];
  const observation = (changed: object): Observation => ({ ...seen.observe(stackWith(changed)), images });
  const plan = (changed: object = {}, input: Partial<PlanInput> = {}) =>
    planOf(stackWith(changed), observation(changed), { deployment: 1, ...input });
  const deploy = (changed: object = {}, input: Partial<PlanInput> = {}) => {
    const { plan: made, refusals } = plan(changed, input);
    expect(refusals).toEqual([]);
    for (const step of [...made.preparation, ...allSteps(made), ...made.cleanup]) seen.perform(step);
    return made;
  };
  const mounts = () =>
    [...seen.instances.values()].flatMap((instance) =>
      instance.mounts.map((mount) => `${mount.type === 'volume' ? mount.volume : mount.target}:${mount.target}`),
    );
  return { seen, plan, deploy, mounts };
};

const changed = { environment: { A: '1' } };
const second = { deployment: 2 };

describe('volumes that only an image declares', () => {
  it('have the names of volumes without a name in a Compose file, and go on with the next instance', () => {
    const { plan, deploy, mounts, seen } = world(['/data']);
    expect(planText(summarise(deploy())).join('\n')).toContain('NEW, EMPTY volumes: shop-staging_db-data');
    expect(mounts()).toEqual(['shop-staging_db-data:/data']);
    const next = deploy(changed, second);
    expect(next.newVolumes).toEqual([]);
    expect(next.phases[0]!.services[0]!.notes).toEqual([]);
    expect(next.warnings).toEqual([]);
    expect(mounts()).toEqual(['shop-staging_db-data:/data']);
    seen.instances.clear();
    expect(plan({}, { deployment: 3 }).plan.newVolumes).toEqual([]);
    deploy({}, { deployment: 3 });
    expect(mounts()).toEqual(['shop-staging_db-data:/data']);
  });

  it('are of one replica each', () => {
    const { deploy, mounts } = world(['/data'], { replicas: 2 });
    deploy();
    expect(mounts()).toEqual(['shop-staging_db-data:/data', 'shop-staging_db-data-2:/data']);
  });

  it('go on under the name that Docker gave them, and are called left behind where they do not', () => {
    const { plan, deploy, mounts, seen } = world(['/data']);
    deploy();
    const [instance] = [...seen.instances.values()];
    instance!.mounts = [{ type: 'volume', volume: unnamed('ab12'), target: '/data', readOnly: false }];
    seen.volumes.clear();
    expect(plan({}, second).plan.preparation.map(({ kind }) => kind)).not.toContain('create-volume');
    expect(plan({ image_volumes: 'new', ...changed }, second).plan).toMatchObject({
      phases: [{ services: [{ notes: ['leaves the data of /data (ab12ab12ab12…) behind in an anonymous volume'] }] }],
      warnings: [
        expect.stringContaining('data of db (/data) is in anonymous volumes: a replaced instance starts empty'),
      ],
    });
    const next = deploy(changed, second);
    expect(next.newVolumes).toEqual([]);
    expect(next.phases[0]!.services[0]!.notes).toEqual([]);
    expect(mounts()).toEqual([`${unnamed('ab12')}:/data`]);
    const stopped = plan({}, { deployment: 3, intent: { kind: 'stop', force: false } });
    expect(allSteps(stopped.plan).map(({ kind }) => kind)).toEqual(['retire']);
    expect(planText(summarise(stopped.plan)).join('\n')).toContain('leaves the data of /data (ab12ab12ab12…) behind');
  });

  it('replace nothing by themselves, and are missed by nobody before an instance mounts them', () => {
    const { seen, plan, deploy } = world([]);
    deploy();
    const declared = world(['/data']);
    for (const [name, instance] of seen.instances)
      declared.seen.instances.set(name, { ...instance, imageId: 'sha256:db' });
    const { plan: made } = plan({}, second);
    expect(made.phases[0]!.services[0]!.action).toBe('keep');
    expect(made.preparation).toEqual([]);
  });

  it.each([
    ['a mount of the file', { volumes: ['mine:/data'] }, { volumes: { mine: {} } }, ['shop-staging_mine:/data']],
    ['a tmpfs', { tmpfs: ['/data:size=1m'] }, {}, []],
  ])('are covered by %s', (_, more, others, expected) => {
    const { deploy, mounts } = world(['/data/'], more, others);
    deploy();
    expect(mounts()).toEqual(expected);
  });

  it('below a mount of the file are volumes of their own', () => {
    const { deploy, mounts } = world(['/data/base'], { volumes: ['mine:/data'] }, { volumes: { mine: {} } });
    deploy();
    expect(mounts()).toEqual(['shop-staging_mine:/data', 'shop-staging_db-data-base:/data/base']);
  });

  it('that would replace a named one are refused without --force, as all that are new and empty', () => {
    const { plan, deploy } = world(['/data'], {}, { volumes: { mine: {} } });
    deploy({ volumes: ['mine:/data'] });
    expect(plan({}, second).refusals).toEqual([
      {
        path: 'services.db.image_volumes',
        forceable: true,
        message:
          '/data would be NEW, EMPTY: the volume "shop-staging_db-data" does not exist; the old one, ' +
          '"shop-staging_mine", is kept. Pass --force to start with an empty volume',
      },
    ]);
  });

  it('start empty each time where the file says so, or replaces side by side', () => {
    const rolling = { strategy: 'rolling', health_check: { tcp: 80 } };
    for (const more of [{ image_volumes: 'new' }, rolling]) {
      const { deploy, mounts } = world(['/data'], more);
      expect(deploy().warnings).toEqual([expect.stringContaining('data of db (/data) is in anonymous volumes')]);
      expect(mounts()).toEqual([]);
    }
  });

  it('have one writer: instead of side by side, such a service is replaced in turn', () => {
    const { deploy } = world(['/data'], { strategy: 'rolling', health_check: { tcp: 80 }, image_volumes: 'keep' });
    expect(deploy().warnings).toEqual([]);
    const next = deploy(changed, second);
    expect(next.warnings).toEqual([
      'db is not replaced side by side: its image declares the volume /data, which may have one writer only',
    ]);
    expect(allSteps(next).map(({ kind }) => kind)).toEqual(['retire', 'start']);
    expect(next.phases[0]!.services[0]!.interruptionMs).toBe(2000);
  });

  it('are refused where a new set is tested beside the old one', () => {
    const { plan } = world(['/data'], { strategy: 'blue_green', health_check: { tcp: 80 }, image_volumes: 'keep' });
    expect(plan().refusals).toEqual([
      {
        path: 'services.db.strategy',
        message:
          'blue_green runs old and new instances side by side, but the image declares the volume /data, which may ' +
          'have one writer only; set image_volumes: new to start each instance with an empty one, mount a shared ' +
          'volume or a tmpfs there, or use strategy: recreate',
      },
    ]);
  });

  it('of a job are kept for its next run', () => {
    const { deploy, mounts } = world(['/data'], { kind: 'job', run: 'always' });
    deploy();
    deploy({}, second);
    expect(mounts()).toEqual(['shop-staging_db-data:/data']);
  });

  it('are left behind by a plan like those of earlier engines', () => {
    const { plan } = world(['/data']);
    expect(plan({}, { leavesImageVolumes: true }).plan.newVolumes).toEqual([]);
  });

  it('with names of their own, or too many words, cannot be mistaken for others', () => {
    const { plan } = world(['/a b', '/a-b', '/data'], {}, { volumes: { 'db-data': {} } });
    const names = plan().plan.newVolumes;
    expect(new Set(names).size).toBe(4);
    for (const name of names) expect(name).toMatch(/^shop-staging_db-[A-Za-z0-9_.-]+$/);
  });

  it('are none of a plan before the image is there', () => {
    const stack = stackOf({ ...base, services: { db: { image: 'db:1' } } });
    expect(
      planOf(stack, { ...emptyObservation(stack), images: [{ reference: 'db:1', id: '' }] }).plan.newVolumes,
    ).toEqual([]);
  });
});
