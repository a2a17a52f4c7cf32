import { batch, signal } from '@preact/signals';
import { ask } from '../../api/client';
import { placeText } from '../../api/place';
import type { EnvironmentTile } from '../../api/types';

/** The tiles of all environments, kept as they are now while somebody looks at them. */

const everyMs = 2000;

export const tiles = signal<ReadonlyMap<string, EnvironmentTile> | undefined>(undefined);
/** False while the server has not read all of them yet. */
export const isComplete = signal(false);
export const failure = signal<Error | undefined>(undefined);
let version: string | undefined;

export const keyOf = ({ place }: EnvironmentTile): string => placeText(place);

/** Reads what has changed until the returned function is called. */
export function followTiles(): () => void {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout>;
  const look = async () => {
    if (!document.hidden) await read();
    if (!isOver) timer = setTimeout(() => void look(), everyMs);
  };
  const onShown = () => !document.hidden && void read();
  document.addEventListener('visibilitychange', onShown);
  void look();
  return () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onShown);
  };
}

async function read(): Promise<void> {
  try {
    const since = version === undefined ? '' : `?since=${version}`;
    const answer = await ask<'overview'>(`/overview${since}`);
    batch(() => {
      failure.value = undefined;
      version = answer.version;
      isComplete.value = answer.complete;
      if (!answer.whole && answer.tiles.length === 0 && answer.gone.length === 0) return;
      const next = new Map(answer.whole ? [] : tiles.value);
      for (const tile of answer.tiles) next.set(keyOf(tile), tile);
      for (const place of answer.gone) next.delete(placeText(place));
      tiles.value = next;
    });
  } catch (error) {
    failure.value = error as Error;
  }
}
