import type { Api } from '../../api/types';
import { t } from '../../text';
import { duration } from '../../text/format';
import { Lines } from '../deployment/outcome';

/** What a deployment would do, service by service, and why it would be refused. */
export function PlanText({ plan, refusals }: Api['plan']) {
  const services = plan.phases.flatMap((phase) => phase.services).filter(({ action }) => action !== 'keep');
  return (
    <div class="plan">
      <Lines title={t('deployment.refusals')} lines={refusals.map(({ path, message }) => `${path}: ${message}`)} />
      <ul>
        {services.map(({ name, action, changes, notes, interruptionMs }) => (
          <li key={name}>
            <strong>{name}</strong> {action}
            {interruptionMs > 0 && <> · {t('plan.interruption', { duration: duration(interruptionMs) })}</>}
            <ul>
              {changes.map(({ key, from, to }) => (
                <li key={key}>
                  {key}: <del>{from ?? '–'}</del> → <ins>{to ?? '–'}</ins>
                </li>
              ))}
              {notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {!plan.changes && <p>{t('status.unchanged')}</p>}
      <Lines title={t('deployment.warnings')} lines={plan.warnings} />
    </div>
  );
}
