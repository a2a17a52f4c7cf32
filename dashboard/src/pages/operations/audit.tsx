import { useState } from 'preact/hooks';
import { ask, pathOf } from '../../api/client';
import { placeText } from '../../api/place';
import type { Api, AuditRecord, Place } from '../../api/types';
import { to } from '../../route';
import { t } from '../../text';
import { Badge } from '../../ui/badge';
import { useLoaded } from '../../ui/load';
import { Loading, Trouble } from '../../ui/notice';
import { Exact } from '../../ui/time';
import { useWork } from '../../ui/work';

const atATime = 50;

/** The records of an environment, newest first, and whether the chain is whole. */
export function Audit({ place, turn }: { place: Place; turn: string }) {
  const [text, setText] = useState('');
  const [earlier, setEarlier] = useState<{ records: AuditRecord[]; next?: string } | undefined>(undefined);
  const { error: failure, run } = useWork();
  const { value, error, again } = useLoaded(
    async (signal) => {
      setEarlier(undefined);
      return ask<'audit'>(`${pathOf(place, 'audit')}?last=${atATime}`, signal);
    },
    placeText(place),
    turn,
  );
  if (error) return <Trouble error={error} retry={again} />;
  if (!value) return <Loading />;
  const records = [...(earlier?.records ?? []), ...value.records];
  const next = earlier ? earlier.next : value.next;
  const more = async () => {
    const page = await ask<'audit'>(`${pathOf(place, 'audit')}?last=${atATime}&cursor=${encodeURIComponent(next!)}`);
    setEarlier({ records: [...page.records, ...(earlier?.records ?? [])], ...(page.next && { next: page.next }) });
  };
  const wanted = text.toLowerCase();
  const shown = records.filter((record) => textOf(record).includes(wanted)).reverse();
  return (
    <>
      <Verified {...value} />
      <label>
        <span>{t('audit.search')}</span>
        <input type="search" value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
      </label>
      <ol class="events">
        {shown.map((record) => (
          <Row key={record.sequence} record={record} place={place} />
        ))}
      </ol>
      {failure && <Trouble error={failure} />}
      {next !== undefined && (
        <button type="button" onClick={() => void run(more)}>
          {t('environment.more')}
        </button>
      )}
    </>
  );
}

/** The engine has checked every record of the chain for this answer. */
function Verified({ broken, total, proof = [] }: Api['audit']) {
  return (
    <p class="page-status">
      {broken === undefined ? (
        <Badge tone="good">{t('audit.whole', { total })}</Badge>
      ) : (
        <Badge tone="bad">{t('audit.broken', { where: broken })}</Badge>
      )}
      {proof.map((each) => (
        <span class="faint" key={each}>
          {each}
        </span>
      ))}
    </p>
  );
}

function Row({ record: { at, by, what, why, result, deployment }, place }: { record: AuditRecord; place: Place }) {
  return (
    <li>
      <Exact at={at} />
      <span>
        <strong>{by}</strong> {what}
        {why !== undefined && ` (${why})`} · {result}{' '}
        {deployment !== undefined && (
          <a href={to.deployment(place, deployment)}>{t('deployment.title', { deployment })}</a>
        )}
      </span>
    </li>
  );
}

function textOf({ by, what, why, result, deployment }: AuditRecord): string {
  return [by, what, why, result, deployment].join(' ').toLowerCase();
}
