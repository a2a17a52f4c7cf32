import { batch, computed, signal } from '@preact/signals';
import { Refused } from '../../api/client';
import { follow, type Message } from '../../api/live';
import type { Deployment, DeploymentEvent, Place, Plan } from '../../api/types';
import { stepAfter, type Step } from './steps';

/** A deployment as it is now, from its events. */

/** What it waits for, and how it stands; `lost`: it was terminated in Temporal. */
export type State = Omit<Partial<Deployment>, 'status'> & { status: string };

const endings = ['succeeded', 'unchanged', 'refused', 'rolled_back', 'left_as_is', 'rollback_incomplete'].concat(
  'cancelled',
  'lost',
);
/** News are drawn at most this often, in ms: thousands of events arrive at once when a page is opened. */
const drawEveryMs = 120;

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
  readonly isOver = computed(() => endings.includes(this.state.value?.status ?? ''));
  readonly beganAt = computed(() => this.events.value[0]?.at);
  readonly endedAt = computed(() => (this.isOver.value ? this.events.value.at(-1)?.at : undefined));
  private arrived: DeploymentEvent[] = [];
  private last = 0;
  private timer?: ReturnType<typeof setTimeout>;

  constructor(
    private readonly place: Place,
    private readonly id: string,
  ) {}

  start(): () => void {
    const { stack, environment } = this.place;
    const leave = follow(`deployment:${stack}/${environment}/${this.id}`, (message) => this.take(message));
    return () => {
      clearTimeout(this.timer);
      leave();
    };
  }

  private take({ type, data, problem }: Message): void {
    if (type === 'problem') this.problem.value = new Refused(problem?.status ?? 0, problem?.detail ?? '');
    if (type === 'plan') this.plan.value = data as Plan;
    if (type === 'state' || type === 'end') {
      this.draw();
      this.state.value = data as State;
    }
    if (type === 'event') this.add(data as DeploymentEvent);
  }

  /** An event that comes twice, after a lost connection, is one. */
  private add(event: DeploymentEvent): void {
    if (event.sequence <= this.last) return;
    this.last = event.sequence;
    this.arrived.push(event);
    this.timer ??= setTimeout(() => this.draw(), drawEveryMs);
  }

  private draw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.arrived.length === 0) return;
    const arrived = this.arrived.splice(0);
    const steps = new Map(this.steps.value);
    for (const event of arrived) if (event.step) steps.set(event.step.id, stepAfter(steps.get(event.step.id), event));
    batch(() => {
      this.steps.value = steps;
      this.events.value = [...this.events.value, ...arrived];
    });
  }
}
