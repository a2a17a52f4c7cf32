import type { Cause } from '../../api/types';
import { t } from '../../text';
import { plainText } from '../../text/plain';

/** The evidence of a failure, where one looks first. */
export function Failure({ cause }: { cause: Cause }) {
  const { service, title, step, message, evidence } = cause;
  return (
    <section class="failure" aria-labelledby="failure">
      <h2 id="failure">
        {t('deployment.failed')}
        {service !== undefined && <>: {service}</>}
      </h2>
      <p class="failure-message">{message}</p>
      <dl>
        <dt>{title ?? step}</dt>
        {evidence?.exitCode !== undefined && (
          <dd>
            {t('deployment.exit')}: <strong>{evidence.exitCode}</strong>
          </dd>
        )}
        {evidence?.outOfMemory && <dd>{t('deployment.oom')}</dd>}
        {evidence?.lastProbeError !== undefined && (
          <dd>
            {t('deployment.probe')}: {evidence.lastProbeError}
          </dd>
        )}
      </dl>
      {evidence && evidence.logs.length > 0 && (
        <>
          <h3 id="failure-log">{t('deployment.log')}</h3>
          <pre class="log" tabIndex={0} role="group" aria-labelledby="failure-log">
            {evidence.logs.map(plainText).join('\n')}
          </pre>
        </>
      )}
    </section>
  );
}
