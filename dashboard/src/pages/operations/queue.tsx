import type { Environment, Place } from '../../api/types';
import { to } from '../../route';
import { t, word } from '../../text';

/** The deployment that runs, and those that wait behind it. */
export function Queue({ place, state: { running, queue } }: { place: Place; state: Environment }) {
  return (
    <section aria-labelledby="queue">
      <h2 id="queue">{t('operations.queue')}</h2>
      {!running && queue.length === 0 && <p class="faint">{t('queue.none')}</p>}
      <ol class="rows">
        {running && <Entry entry={running} place={place} isRunning />}
        {queue.map((each) => (
          <Entry key={each.workflowId} entry={each} place={place} isRunning={false} />
        ))}
      </ol>
    </section>
  );
}

type Queued = Environment['queue'][number] & { deployment?: number };

function Entry({ entry, place, isRunning }: { entry: Queued; place: Place; isRunning: boolean }) {
  const { workflowId, deployment, asked } = entry;
  const id = workflowId.split('/').at(-1)!;
  return (
    <li>
      <a class="row" href={to.deployment(place, deployment ?? id)}>
        <strong>
          {word('intent', asked?.intent ?? 'deploy')} {deployment}
        </strong>
        <span>{word('status', isRunning ? 'running' : 'queued')}</span>
        <span class="faint">{asked?.by}</span>
        {asked?.reason !== undefined && <span class="row-more">{asked.reason}</span>}
      </a>
    </li>
  );
}
