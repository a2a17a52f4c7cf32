import type { ComponentChildren } from 'preact';
import { Refused } from '../api/client';
import { t } from '../text';
import { Icon } from './icon';
import type { Loaded } from './load';

/** An error with its advice, and a button to try again. */
export function Trouble({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <Icon name="bad" />
      <div>
        <p>{error.message}</p>
        {error instanceof Refused && error.advice !== undefined && <p>{error.advice}</p>}
        {retry && (
          <button type="button" onClick={retry}>
            {t('app.retry')}
          </button>
        )}
      </div>
    </div>
  );
}

/** Stands in for a page or a list that is empty, and says what to do. */
export function Empty({ title, children }: { title?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      {title !== undefined && <h2>{title}</h2>}
      {children}
    </div>
  );
}

export function Loading() {
  return (
    <p class="loading" role="status">
      {t('app.loading')}
    </p>
  );
}

interface WhenLoadedProps<T> {
  of: Loaded<T>;
  children: (value: T) => ComponentChildren;
}

/** Shows a value once it has been read; until then, that it is loading or why it failed. */
export function WhenLoaded<T>({ of: { value, error, again }, children }: WhenLoadedProps<T>) {
  if (error) return <Trouble error={error} retry={again} />;
  return <>{value === undefined ? <Loading /> : children(value)}</>;
}
