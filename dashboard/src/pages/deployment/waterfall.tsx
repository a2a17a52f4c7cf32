import { useMemo } from 'preact/hooks';
import { VList } from 'virtua';
import { second } from '../../clock';
import { t } from '../../text';
import { duration } from '../../text/format';
import { Icon } from '../../ui/icon';
import type { Tone } from '../../ui/badge';
import type { FollowedDeployment } from './followed';
import type { Step, StepState } from './steps';

const tones: Record<StepState, Tone> = { started: 'busy', delayed: 'warn', finished: 'good', failed: 'bad' };
const rowPixels = 30;
const mostRows = 16;

/** Every step on one line of time. */
export function Waterfall({ of }: { of: FollowedDeployment }) {
  const steps = of.steps.value;
  const rows = useMemo(() => [...steps.values()].sort((one, other) => one.from - other.from), [steps]);
  const begin = rows[0]?.from ?? 0;
  const end = of.endedAt.value ?? Math.max(second.value, ...rows.slice(-1).map(({ to, from }) => to ?? from));
  return (
    <section aria-labelledby="waterfall">
      <h2 id="waterfall">{t('deployment.waterfall')}</h2>
      {rows.length === 0 ? (
        <p class="faint">{t('deployment.waterfall.none')}</p>
      ) : (
        <VList
          data={rows}
          class="waterfall"
          tabIndex={0}
          role="group"
          aria-labelledby="waterfall"
          style={{ height: `${Math.min(rows.length, mostRows) * rowPixels + 2}px` }}
        >
          {(step: Step) => <Row key={step.id} step={step} begin={begin} end={end} />}
        </VList>
      )}
    </section>
  );
}

function Row({ step, begin, end }: { step: Step; begin: number; end: number }) {
  const whole = Math.max(1, end - begin);
  const to = step.to ?? end;
  const left = (100 * (step.from - begin)) / whole;
  const width = Math.max(0.4, (100 * (to - step.from)) / whole);
  return (
    <div class={`waterfall-row ${tones[step.state]}`}>
      <span class="waterfall-title" title={step.message ?? step.title}>
        <Icon name={tones[step.state]} />
        <span>
          <span class="hidden">{t(`step.${step.state}`)}: </span>
          {step.title}
        </span>
      </span>
      <span class="waterfall-line">
        <span class="bar" style={{ left: `${Math.min(left, 99.6)}%`, width: `${Math.min(width, 100 - left)}%` }} />
      </span>
      <span class="waterfall-time">{duration(to - step.from)}</span>
    </div>
  );
}
