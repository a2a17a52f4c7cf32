import type { DeploymentEvent } from '../../api/types';
import { t, word } from '../../text';
import { Clock } from '../../ui/time';
import type { FollowedDeployment } from './followed';

/** What people did and what went wrong; the steps themselves are in the waterfall. */
export function Events({ of }: { of: FollowedDeployment }) {
  const shown = of.events.value.flatMap((event) => {
    const text = textOf(event);
    return text === undefined ? [] : [{ event, text }];
  });
  if (shown.length === 0) return null;
  return (
    <section aria-labelledby="events">
      <h2 id="events">{t('deployment.events')}</h2>
      <ol class="events">
        {shown.map(({ event: { sequence, at, code }, text }) => (
          <li key={sequence} class={code === 'step.failed' ? 'bad' : ''}>
            <Clock at={at} />
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function textOf({ code, step, data }: DeploymentEvent): string | undefined {
  const { message, status } = data as { message?: string; status?: string };
  switch (code) {
    case 'deployment.noted':
      return message;
    case 'deployment.status_changed':
      return word('status', status ?? '');
    case 'step.failed':
    case 'step.delayed':
      return `${step?.title ?? ''}: ${message ?? ''}`;
    default:
      return undefined;
  }
}
