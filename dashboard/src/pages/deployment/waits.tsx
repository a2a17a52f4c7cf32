import { t } from '../../text';
import { Icon } from '../../ui/icon';
import { Moment } from '../../ui/time';
import { With } from '../../ui/with';
import type { State } from './followed';

/** What a deployment waits for: another deployment, a person, a job. */
export function Waits({ state }: { state: State }) {
  const { behind, held, question, approvals = [], failure, failing, status } = state;
  const isQueued = status === 'queued';
  if (!question && approvals.length === 0 && !failure && !failing && !(isQueued && (behind ?? held))) return null;
  return (
    <div class="notice wait" role="status">
      <Icon name="wait" />
      <div>
        {isQueued && behind !== undefined && <p>{t('deployment.behind', { deployment: behind })}</p>}
        {isQueued && held !== undefined && <p>{t('deployment.held', { reason: held })}</p>}
        {question && <p>{question.text}</p>}
        {approvals.map(({ title }) => (
          <p key={title}>{t('deployment.approval', { title })}</p>
        ))}
        {failure && (
          <p>
            <With text="deployment.failure.until" name="time">
              <Moment at={failure.until} />
            </With>
          </p>
        )}
        {failing && <p>{t('deployment.jobs', { jobs: failing.jobs.join(', ') })}</p>}
      </div>
    </div>
  );
}
