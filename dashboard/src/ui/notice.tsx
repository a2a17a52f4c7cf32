import type { ComponentChildren } from 'preact';
import { Refused } from '../api/client';
import { t } from '../text';
import { Icon } from './icon';

/** Something that did not work: what, and what to do. */
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

/** What stands where there is nothing yet, and what to do about it. */
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
