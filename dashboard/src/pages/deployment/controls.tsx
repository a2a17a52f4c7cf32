import { useState } from 'preact/hooks';
import { act, newKey, pathOf } from '../../api/client';
import { may, whoami } from '../../api/session';
import type { Place } from '../../api/types';
import { t } from '../../text';
import { Confirm } from '../../ui/confirm';
import { withReason } from '../../ui/reason-field';
import { say } from '../../ui/said';
import type { FollowedDeployment, State } from './followed';

const steers = ['approve', 'reject', 'retry', 'abort', 'promote', 'pause', 'resume'] as const;
type Steer = (typeof steers)[number];
const dangerous: readonly string[] = ['reject', 'abort', 'cancel'];

interface ControlsProps {
  of: FollowedDeployment;
  place: Place;
  id: string;
}

interface Asked {
  title: string;
  text: string;
  button: string;
  isDangerous: boolean;
  hasReason: boolean;
  key: string;
  /** Resolves with the result as a text; undefined if it was simply done. */
  perform(reason: string, key: string): Promise<string | undefined>;
}

/** The buttons of a deployment: those that do something now, for whoever may press them. */
export function Controls({ of, place, id }: ControlsProps) {
  const [asked, setAsked] = useState<Asked | undefined>(undefined);
  const state = of.state.value;
  if (!state || of.isOver.value || !may('deployment.steer', place)) return null;
  const orders = ordersOf(state, place, id);
  if (orders.length === 0) return null;
  return (
    <div class="controls">
      {orders.map((order) => (
        <button
          type="button"
          key={order.button}
          class={order.isDangerous ? 'danger' : 'main'}
          onClick={() => setAsked({ ...order, key: newKey() })}
        >
          {order.button}
        </button>
      ))}
      {asked && (
        <Confirm
          {...asked}
          onClose={() => setAsked(undefined)}
          onConfirm={async (reason) => {
            say((await asked.perform(reason, asked.key)) ?? t('act.done', { action: asked.button }));
          }}
        />
      )}
    </div>
  );
}

/** A cancellation waits until the deployment has taken it, or until no worker has for 90 seconds. */
const longestCancelMs = 150_000;
const endings = {
  over: 'act.cancel.over',
  ended: 'act.cancel.over',
  unserved: 'act.cancel.unserved',
  terminated: 'act.cancel.terminated',
} as const;

type Order = Omit<Asked, 'key'>;

function ordersOf(state: State, place: Place, id: string): Order[] {
  const path = (last: string) => pathOf(place, 'deployments', id, last);
  return [
    ...answersOf(state, path),
    ...steers.filter((action) => applies(action, state)).map((action) => steerOf(action, state, path)),
    ...(mayCancel(state) ? [cancelOf(state, path)] : []),
  ];
}

/** Pausing and aborting are for what runs: a deployment that asks something is answered, or cancelled. */
function applies(action: Steer, { steerable = [], authors = [], failure, approvals = [] }: State): boolean {
  if (!steerable.includes(action)) return false;
  if (action === 'approve') return !authors.includes(whoami.value?.subject ?? '');
  if (action === 'abort') return failure !== undefined;
  return action !== 'pause' || (failure === undefined && approvals.length === 0);
}

function mayCancel({ status, failure }: State): boolean {
  return status !== 'rolling_back' && status !== 'committing' && failure === undefined;
}

type Path = (last: string) => string;

function answersOf({ question }: State, path: Path): Order[] {
  if (!question) return [];
  return question.answers.map((answer) => ({
    title: answer,
    text: t('act.answer.text', { question: question.text }),
    button: answer,
    isDangerous: false,
    hasReason: false,
    perform: () => act<'nothing'>('POST', path('answers'), { body: { question: question.id, answer } }),
  }));
}

function steerOf(action: Steer, { deployment, approvals = [] }: State, path: Path): Order {
  const what = approvals.map(({ title }) => title).join(', ');
  return {
    title: t('act.confirm', { action: t(`act.${action}`), deployment: deployment ?? '' }),
    text: t(`act.${action}.text`, { what }),
    button: t(`act.${action}`),
    isDangerous: dangerous.includes(action),
    hasReason: true,
    perform: (reason, key) =>
      act<'nothing'>('POST', path('steering'), { body: { action, ...withReason(reason) }, key }),
  };
}

function cancelOf({ deployment }: State, path: Path): Order {
  return {
    title: t('act.confirm', { action: t('act.cancel'), deployment: deployment ?? '' }),
    text: t('act.cancel.text'),
    button: t('act.cancel'),
    isDangerous: true,
    hasReason: false,
    perform: async () => {
      const answer = { body: {}, withinMs: longestCancelMs };
      const { ending } = await act<'cancelDeployment'>('POST', path('cancellation'), answer);
      return Object.hasOwn(endings, ending) ? t(endings[ending as keyof typeof endings]) : undefined;
    },
  };
}
