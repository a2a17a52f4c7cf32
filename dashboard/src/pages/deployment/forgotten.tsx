import { ask, pathOf } from '../../api/client';
import { may } from '../../api/session';
import { placeText } from '../../api/place';
import type { AuditRecord, Place, Release } from '../../api/types';
import { t } from '../../text';
import { exact } from '../../text/format';
import { useLoaded } from '../../ui/load';
import { Loading } from '../../ui/notice';
import { PageHead } from '../../ui/page-head';
import { Exact } from '../../ui/time';

interface ForgottenProps {
  place: Place;
  id: string;
  reason: string;
}

interface Kept {
  release?: Release;
  records: AuditRecord[];
}

/** A deployment that Temporal no longer has, from its release and the audit trail. */
export function Forgotten({ place, id, reason }: ForgottenProps) {
  const kept = useLoaded((signal) => keptOf(place, Number(id), signal), `${placeText(place)} ${id}`);
  if (!kept.value && !kept.error) return <Loading />;
  const { release, records = [] } = kept.value ?? {};
  const isKnown = release !== undefined || records.length > 0;
  return (
    <>
      <PageHead place={place} title={t('deployment.title', { deployment: id })}>
        <p>{isKnown ? t('deployment.forgotten') : t('deployment.missing', { reason })}</p>
        {isKnown && <p>{t('deployment.kept')}</p>}
      </PageHead>
      {release && (
        <p>
          {t('tile.release', { number: release.release })}{' '}
          {t('tile.by', { by: release.requestedBy, time: exact(release.at) })} {release.reason}
        </p>
      )}
      <ol class="events">
        {records.map(({ sequence, at, by, what, why, result }) => (
          <li key={sequence}>
            <Exact at={at} />
            <span>
              {by}: {what}
              {why !== undefined && ` (${why})`} · {result}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

async function keptOf(place: Place, deployment: number, signal: AbortSignal): Promise<Kept> {
  if (!Number.isInteger(deployment)) return { records: [] };
  const [release, records] = await Promise.all([
    ask<'releases'>(`${pathOf(place, 'releases')}?limit=200`, signal).then(
      ({ releases }) => releases.find((each) => each.deployment === deployment),
      () => undefined,
    ),
    may('audit.read', place) ? recordsOf(place, deployment, signal).catch(() => []) : [],
  ]);
  return { records, ...(release && { release }) };
}

const mostPages = 20;

/** The records of a deployment, which stand side by side in the trail. */
async function recordsOf(place: Place, deployment: number, signal: AbortSignal): Promise<AuditRecord[]> {
  const found: AuditRecord[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const more = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { records, next } = await ask<'audit'>(`${pathOf(place, 'audit')}?last=200${more}`, signal);
    found.push(...records.filter((each) => each.deployment === deployment));
    const isPast = records.some((each) => each.deployment !== undefined && each.deployment < deployment);
    if (next === undefined || isPast) break;
    cursor = next;
  }
  return found.sort((one, other) => one.sequence - other.sequence);
}
