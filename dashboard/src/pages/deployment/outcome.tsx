import type { DeploymentResult } from '../../api/types';
import { t } from '../../text';

/** How a deployment has ended: what runs now, and what is left to do for people. */
export function Outcome({ result }: { result: DeploymentResult }) {
  const { release, changed, leftBehind, notUndone, warnings, refusals } = result;
  const lines = [
    ...(release === undefined ? [] : [t('deployment.release', { release })]),
    ...(changed.length > 0 ? [t('deployment.changed', { services: changed.join(', ') })] : []),
    ...(notUndone.length > 0 ? [t('deployment.not_undone', { names: notUndone.join(', ') })] : []),
    ...(leftBehind.length > 0 ? [t('deployment.left', { names: leftBehind.join(', ') })] : []),
  ];
  return (
    <section class="outcome">
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
      <Lines title={t('deployment.refusals')} lines={refusals.map(({ path, message }) => `${path}: ${message}`)} />
      <Lines title={t('deployment.warnings')} lines={warnings} />
    </section>
  );
}

export function Lines({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </>
  );
}
