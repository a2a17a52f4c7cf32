import type { Plan } from '../../api/types';
import { t } from '../../text';
import type { Tone } from '../../ui/badge';
import { Grid } from '../../ui/grid';
import { Icon } from '../../ui/icon';
import { Lasting } from '../../ui/time';
import type { FollowedDeployment } from './followed';
import { stateOfService, type ServiceState, type Step } from './steps';

type Phase = Plan['phases'][number];
type Service = Phase['services'][number];

/** In pixels. */
const serviceWidth = 270;

const tones: Record<ServiceState, Tone> = {
  waiting: 'wait',
  started: 'busy',
  delayed: 'warn',
  finished: 'good',
  failed: 'bad',
  kept: 'quiet',
};

/** The plan as a drawing: a phase begins when the one above it is done, and its services start side by side. */
export function Graph({ of }: { of: FollowedDeployment }) {
  const plan = of.plan.value;
  if (!plan || plan.phases.length === 0) return null;
  return (
    <section aria-labelledby="graph">
      <h2 id="graph">{t('deployment.graph')}</h2>
      <ol class="graph">
        {plan.phases.map((phase) => (
          <PhaseBox key={phase.number} phase={phase} of={of} />
        ))}
      </ol>
    </section>
  );
}

function PhaseBox({ phase, of }: { phase: Phase; of: FollowedDeployment }) {
  return (
    <li class="phase">
      <h3>
        {t('deployment.phase', { number: phase.number })}
        {phase.kind !== 'deploy' && <span class="faint"> {phase.kind}</span>}
      </h3>
      <Grid items={phase.services} keyOf={({ name }) => name} width={serviceWidth}>
        {(service) => <ServiceBox service={service} steps={of.byService.value.get(service.name) ?? none} />}
      </Grid>
    </li>
  );
}

const none: Step[] = [];

function ServiceBox({ service, steps }: { service: Service; steps: Step[] }) {
  const state = stateOfService(steps, service.steps.length);
  const current = steps.findLast(({ to }) => to === undefined) ?? steps.find((each) => each.state === 'failed');
  const begin = steps[0]?.from;
  const end = steps.some(({ to }) => to === undefined) ? undefined : steps.at(-1)?.to;
  return (
    <div class={`service ${tones[state]}`}>
      <span class="service-head">
        <Icon name={tones[state]} />
        <strong>{service.name}</strong>
        <span class="faint">
          {service.action}
          {service.replicas > 1 && ` × ${service.replicas}`}
        </span>
        {begin !== undefined && (
          <span class="service-time">
            <Lasting from={begin} to={end} />
          </span>
        )}
      </span>
      <span class="service-step">{current ? (current.message ?? current.title) : t(`step.${state}`)}</span>
    </div>
  );
}
