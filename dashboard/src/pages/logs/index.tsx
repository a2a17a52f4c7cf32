import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { VList, type VListHandle } from 'virtua';
import { ask, pathOf } from '../../api/client';
import { placeText } from '../../api/place';
import type { Place } from '../../api/types';
import { choose, query } from '../../route';
import { t } from '../../text';
import { useLoaded } from '../../ui/load';
import { PageHead } from '../../ui/page-head';
import { LogLines, type Line } from './lines';

/** Instances differ by colour as well as by name. */
const colours = 8;
const revokeMs = 60_000;
/** As much of the window as is left below the choices. */
const listHeight = 'max(20rem, calc(100vh - 22rem))';

/** The lines of many instances in one stream. */
export function LogsPage({ place }: { place: Place }) {
  const service = query.value.get('service') ?? undefined;
  const text = query.value.get('search') ?? '';
  const of = useMemo(() => new LogLines(place, service), [placeText(place), service]);
  useEffect(() => of.start(), [of]);
  const lines = of.lines.value;
  const shown = useMemo(() => matching(lines, text), [lines, text]);
  return (
    <>
      <PageHead place={place} title={t('environment.logs')} />
      <Choices place={place} service={service} text={text} lines={shown} />
      {of.away.value.length > 0 && (
        <p class="notice warn" role="status">
          {t('logs.away', { names: of.away.value.join(', ') })}
        </p>
      )}
      {of.problem.value && (
        <p class="notice warn" role="status">
          {t('logs.ended', { reason: of.problem.value.message })}
        </p>
      )}
      {shown.length === 0 ? (
        <p class="faint">{t(lines.length === 0 ? 'logs.none' : 'logs.none.match')}</p>
      ) : (
        <List lines={shown} />
      )}
    </>
  );
}

interface ChoicesProps {
  place: Place;
  service: string | undefined;
  text: string;
  lines: readonly Line[];
}

function Choices({ place, service, text, lines }: ChoicesProps) {
  const services = useLoaded((signal) => servicesOf(place, signal), placeText(place));
  return (
    <form class="choices" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        <span>{t('logs.service')}</span>
        <select value={service ?? ''} onChange={({ currentTarget }) => choose('service', currentTarget.value)}>
          <option value="">{t('logs.service.all')}</option>
          {[...new Set([...(services.value ?? []), ...(service === undefined ? [] : [service])])].map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <label class="grow">
        <span>{t('logs.search')}</span>
        <input
          id="search"
          type="search"
          value={text}
          onInput={({ currentTarget }) => choose('search', currentTarget.value)}
        />
      </label>
      <button type="button" onClick={() => download(lines, place)} disabled={lines.length === 0}>
        {t('logs.download')}
      </button>
    </form>
  );
}

function List({ lines }: { lines: readonly Line[] }) {
  const list = useRef<VListHandle>(null);
  const [isFollowing, setFollowing] = useState(true);
  useEffect(() => {
    if (isFollowing) list.current?.scrollToIndex(lines.length - 1, { align: 'end' });
  }, [lines, isFollowing]);
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={isFollowing}
          onChange={({ currentTarget }) => setFollowing(currentTarget.checked)}
        />
        <span>{t('logs.follow')}</span>
      </label>
      <VList
        // Its types take a list for an element where React is Preact.
        ref={list as never}
        data={lines}
        class="log log-lines"
        tabIndex={0}
        role="log"
        aria-label={t('logs.lines')}
        aria-live="off"
        style={{ height: listHeight }}
        onWheel={({ deltaY }) => deltaY < 0 && setFollowing(false)}
        onTouchMove={() => setFollowing(false)}
        onPointerDown={() => setFollowing(false)}
        onKeyDown={({ key }) => ['ArrowUp', 'PageUp', 'Home'].includes(key) && setFollowing(false)}
      >
        {(line: Line) => (
          <div class="log-line" key={line.number}>
            <span class={`log-name c${colourOf(line.instance)}`}>{line.name}</span>
            <span class="log-text">{line.text}</span>
          </div>
        )}
      </VList>
    </>
  );
}

function matching(lines: readonly Line[], text: string): readonly Line[] {
  const wanted = text.toLowerCase();
  return wanted === '' ? lines : lines.filter((line) => line.text.toLowerCase().includes(wanted));
}

async function servicesOf(place: Place, signal: AbortSignal): Promise<string[]> {
  const { releases } = await ask<'releases'>(`${pathOf(place, 'releases')}?limit=1`, signal);
  return Object.keys(releases[0]?.services ?? {}).sort();
}

function colourOf(instance: string): number {
  let sum = 0;
  for (const character of instance) sum = (sum * 31 + character.charCodeAt(0)) % 9973;
  return sum % colours;
}

/** Saves the lines that are shown. */
function download(lines: readonly Line[], { stack, environment }: Place): void {
  const text = lines.map((line) => `${line.name} ${line.text}\n`).join('');
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = Object.assign(document.createElement('a'), {
    href: address,
    download: `${stack}-${environment}.log`,
  });
  link.click();
  // Some browsers begin a moment later.
  setTimeout(() => URL.revokeObjectURL(address), revokeMs);
}
