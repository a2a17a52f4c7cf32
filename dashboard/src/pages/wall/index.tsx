import { computed } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { whoami } from '../../api/session';
import type { EnvironmentTile } from '../../api/types';
import { choose, query } from '../../route';
import { counted, t } from '../../text';
import { Grid } from '../../ui/grid';
import { Icon } from '../../ui/icon';
import { Empty, Loading, Trouble } from '../../ui/notice';
import { choiceIn, chosen, filters, isInTrouble, orders, type Filter, type Order } from './choice';
import { Tile } from './tile';
import { failure, followTiles, isComplete, keyOf, tiles } from './tiles';

/** A tile is at least this wide, in pixels. */
const tileWidth = 320;

const choice = computed(() => choiceIn(query.value));
const shown = computed(() => chosen(tiles.value?.values() ?? [], choice.value));

/** All environments that somebody may see. */
export function Wall() {
  useEffect(followTiles, []);
  const all = tiles.value;
  if (!all) return failure.value ? <Trouble error={failure.value} /> : <Loading />;
  if (all.size === 0 && isComplete.value) return <Nothing />;
  return (
    <>
      <h1>{t('wall.title')}</h1>
      {failure.value && <Trouble error={failure.value} />}
      {!failure.value && <Summary all={all} />}
      {!isComplete.value && <Loading />}
      <Choices count={all.size} />
      {shown.value.length === 0 ? (
        <Empty>
          <p>{t('wall.none')}</p>
          <button type="button" onClick={showAll}>
            {t('wall.none.clear')}
          </button>
        </Empty>
      ) : (
        <Grid items={shown.value} keyOf={keyOf} width={tileWidth}>
          {(tile) => <Tile tile={tile} />}
        </Grid>
      )}
    </>
  );
}

/** The state of everything in one line. */
function Summary({ all }: { all: ReadonlyMap<string, EnvironmentTile> }) {
  const troubled = [...all.values()].filter(isInTrouble).length;
  return (
    <p class={`summary ${troubled > 0 ? 'bad' : 'good'}`} role="status">
      <Icon name={troubled > 0 ? 'bad' : 'good'} />
      {troubled > 0 ? counted('wall.trouble', troubled) : t('wall.fine')}
    </p>
  );
}

function Choices({ count }: { count: number }) {
  const { filter, order, text } = choice.value;
  return (
    <form class="choices" role="search" onSubmit={(event) => event.preventDefault()}>
      <label class="grow">
        <span>{t('wall.search')}</span>
        <input
          id="search"
          type="search"
          value={text}
          placeholder={t('wall.search.hint')}
          onInput={({ currentTarget }) => choose('search', currentTarget.value)}
        />
      </label>
      <label>
        <span>{t('wall.show')}</span>
        <select value={filter} onChange={({ currentTarget }) => chooseFilter(currentTarget.value as Filter)}>
          {filters.map((each) => (
            <option key={each} value={each}>
              {t(`wall.show.${each}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t('wall.sort')}</span>
        <select value={order} onChange={({ currentTarget }) => chooseOrder(currentTarget.value as Order)}>
          {orders.map((each) => (
            <option key={each} value={each}>
              {t(`wall.sort.${each}`)}
            </option>
          ))}
        </select>
      </label>
      <p class="faint" role="status">
        {shown.value.length === count
          ? counted('wall.count', count)
          : t('wall.shown', { shown: shown.value.length, count })}
      </p>
    </form>
  );
}

function chooseFilter(filter: Filter): void {
  choose('show', filter === 'all' ? undefined : filter);
}

function chooseOrder(order: Order): void {
  choose('sort', order === 'urgency' ? undefined : order);
}

function showAll(): void {
  choose('show', undefined);
  choose('search', undefined);
}

function Nothing() {
  const hasRole = (whoami.value?.roles.length ?? 0) > 0;
  return (
    <Empty title={t('wall.empty.title')}>
      <p>{t('wall.empty.text')}</p>
      <pre>
        <code>deploy-code deploy -c compose.yaml</code>
      </pre>
      {!hasRole && <p>{t('wall.empty.viewer')}</p>}
    </Empty>
  );
}
