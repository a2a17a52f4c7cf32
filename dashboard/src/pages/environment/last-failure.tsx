import { ask, pathOf } from '../../api/client';
import { placeText } from '../../api/place';
import type { Api, Place } from '../../api/types';
import { to } from '../../route';
import { t } from '../../text';
import { Icon } from '../../ui/icon';
import { useLoaded } from '../../ui/load';

/** Why the last deployment has failed, in a line. */
export function LastFailure({ place, deployment }: { place: Place; deployment: number }) {
  const { value } = useLoaded((signal) => failureOf(place, signal), `${placeText(place)} ${deployment}`);
  const message = value?.result?.cause?.message.split('\n')[0];
  return (
    <p class="notice bad">
      <Icon name="bad" />
      <span>
        <a href={to.deployment(place, deployment)}>{t('deployment.title', { deployment })}</a>
        {message !== undefined && <>: {message}</>}
      </span>
    </p>
  );
}

const tries = 10;
const pauseMs = 500;

/** Temporal lists a deployment a moment after it has ended. */
async function failureOf(place: Place, signal: AbortSignal): Promise<Api['laterFailure']['failure']> {
  for (let left = tries; ; left -= 1) {
    const { failure } = await ask<'laterFailure'>(pathOf(place, 'later-failure'), signal);
    if (failure?.result || left === 0) return failure;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
