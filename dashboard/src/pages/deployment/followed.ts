import { batch, computed, signal } from '@preact/signals';
import { Batches } from '../../api/batches';
import type { Refused } from '../../api/client';
import { follow, type Message } from '../../api/live';
import { placeText } from '../../api/place';
import { stages, type Deployment, type DeploymentEvent, type Place, type Plan } from '../../api/types';
import { stepAfter, type Step } from './steps';

/** A deployment as it is now, from its events. */

/** Its status, which is `lost` if it was terminated in Temporal, and what it waits for. */
export type State = Omit<Partial<Deployment>, 'status'> & { status: string };

export class FollowedDeployment {
  readonly plan = signal<Plan | undefined>(undefined);
  readonly state = signal<State | undefined>(undefined);
  /** Why it cannot be followed. */
  readonly problem = signal<Refused | undefined>(undefined);
  readonly steps = signal<ReadonlyMap<string, Step>>(new Map());
  readonly events = signal<readonly DeploymentEvent[]>([]);
  /** What happens at the steps of a service. */
  readonly byService = computed(() => {
    const found = new Map<string, Step[]>();
    for (const step of this.steps.value.values()) {
      if (step.service === undefined || step.phase === undefined) continue;
      const known = found.get(step.service);
      if (known) known.push(step);
      else found.set(step.service, [step]);
    }
    return found;
  });
  readonly isOver = computed(() => {
    const status = this.state.value?.status;
    return status !== undefined && !stages.some((each) => each === status);
  });
  readonly beganAt = computed(() => this.events.value[0]?.at);
  readonly endedAt = computed(() => (this.isOver.value ? this.events.value.at(-1)?.at : undefined));
  private last = 0;
  private readonly arrived = new Batches<DeploymentEvent>((events) => this.draw(events));

  constructor(
    private readonly place: Place,
    private readonly id: string,
  ) {}

  start(): () => void {
    const leave = follow(`deployment:${placeText(this.place)}/${this.id}`, (message) => this.take(message));
    return () => {
      this.arrived.clear();
      leave();
    };
  }

  private take({ type, data, problem }: Message): void {
    if (problem) this.problem.value = problem;
    if (type === 'plan') this.plan.value = data as Plan;
    if (type === 'state' || type === 'end') {
      this.arrived.flush();
      this.state.value = data as State;
    }
    if (type === 'event') this.add(data as DeploymentEvent);
  }

  /** An event that comes twice, after a lost connection, is one. */
  private add(event: DeploymentEvent): void {
    if (event.sequence <= this.last) return;
    this.last = event.sequence;
    this.arrived.add(event);
  }

  private draw(arrived: DeploymentEvent[]): void {
    const steps = new Map(this.steps.value);
    for (const event of arrived) if (event.step) steps.set(event.step.id, stepAfter(steps.get(event.step.id), event));
    batch(() => {
      this.steps.value = steps;
      this.events.value = [...this.events.value, ...arrived];
    });
  }
}
