import type { ComponentChildren } from 'preact';
import { word } from '../text';
import { Icon, type IconName } from './icon';

/** How something stands: never by its colour alone. */
export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'wait' | 'quiet';

export function Badge({ tone, icon, children }: { tone: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <Icon name={icon ?? tone} />
      <span>{children}</span>
    </span>
  );
}

const tones: Record<string, Tone> = {
  queued: 'wait',
  waiting: 'wait',
  succeeded: 'good',
  unchanged: 'good',
  rolled_back: 'bad',
  rollback_incomplete: 'bad',
  left_as_is: 'bad',
  lost: 'bad',
  terminated: 'bad',
  timed_out: 'bad',
  failed: 'bad',
  refused: 'warn',
  cancelled: 'quiet',
  canceled: 'quiet',
  rolling_back: 'warn',
};

/** The status or the outcome of a deployment. */
export function StatusBadge({ status }: { status: string }) {
  return <Badge tone={tones[status] ?? 'busy'}>{word('status', status)}</Badge>;
}
