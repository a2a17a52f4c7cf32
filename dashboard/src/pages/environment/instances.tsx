import type { Instance, Place } from '../../api/types';
import { to } from '../../route';
import { t } from '../../text';
import { Badge, type Tone } from '../../ui/badge';
import { Loading } from '../../ui/notice';
import type { Instances } from './live';

const tones: Record<string, Tone> = {
  healthy: 'good',
  running: 'good',
  completed: 'good',
  unhealthy: 'bad',
  starting: 'busy',
};

/** Every instance with its health. */
export function InstanceTable({ found, place }: { found: Instances | undefined; place: Place }) {
  return (
    <section aria-labelledby="services">
      <h2 id="services">{t('environment.services')}</h2>
      {found ? <Table found={found} place={place} /> : <Loading />}
    </section>
  );
}

function Table({ found: { instances, away, problem }, place }: { found: Instances; place: Place }) {
  const hasHosts = instances.some(({ host }) => host !== undefined);
  return (
    <>
      {problem !== undefined && <p class="notice warn">{t('environment.unknown', { reason: problem })}</p>}
      {away.map(({ host, reason }) => (
        <p class="notice warn" key={host}>
          {t('instances.away', { host, reason })}
        </p>
      ))}
      {instances.length === 0 ? (
        <p class="faint">{t('instances.none')}</p>
      ) : (
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">{t('instances.instance')}</th>
              <th scope="col">{t('instances.health')}</th>
              <th scope="col">{t('instances.restarts')}</th>
              <th scope="col">{t('instances.ports')}</th>
              <th scope="col">{t('instances.image')}</th>
              {hasHosts && <th scope="col">{t('instances.host')}</th>}
            </tr>
          </thead>
          <tbody>
            {instances.map((each) => (
              <Row key={`${each.host} ${each.name}`} instance={each} place={place} hasHosts={hasHosts} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Row({ instance, place, hasHosts }: { instance: Instance; place: Place; hasHosts: boolean }) {
  const { service, ordinal, name, health, state, restarts, outOfMemory, ports, image, host } = instance;
  const shown = health === 'none' ? state : health;
  return (
    <tr>
      <th scope="row">
        <a href={`${to.part(place, 'logs')}?service=${encodeURIComponent(service)}`} title={name}>
          {service}-{ordinal}
        </a>
      </th>
      <td data-label={t('instances.health')}>
        <Badge tone={tones[shown] ?? (state === 'exited' ? 'bad' : 'quiet')}>{shown}</Badge>
        {outOfMemory && <span class="faint"> {t('instances.oom')}</span>}
      </td>
      <td data-label={t('instances.restarts')} class="number">
        {restarts}
      </td>
      <td data-label={t('instances.ports')}>{ports.join(', ')}</td>
      <td data-label={t('instances.image')} class="long">
        {image}
      </td>
      {hasHosts && <td data-label={t('instances.host')}>{host}</td>}
    </tr>
  );
}
