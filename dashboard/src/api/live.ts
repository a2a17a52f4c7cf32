import { signal } from '@preact/signals';
import { ask, Refused, toLogin } from './client';

/**
 * Topics of the server, followed on one WebSocket. After a lost connection each goes on where it was, so that nothing
 * is missed and nobody loses their place.
 */

export interface Message {
  /** That of the server; or `restart`: the topic starts from its beginning again. */
  type: string;
  id?: string;
  position?: string;
  data?: unknown;
  /** Why the topic cannot be followed. */
  problem?: Refused;
}

interface Subscription {
  topic: string;
  tail?: number;
  position?: string;
  isBegun: boolean;
  isOver: boolean;
  take: (message: Message) => void;
}

const firstPauseMs = 500;
const longestPauseMs = 10_000;
/** A connection that a phone or a network has dropped still looks open, so the page pings the server. */
const pingEveryMs = 20_000;
const pongWithinMs = 5000;

/** Set while nothing can be followed: since when, in ms since the epoch. */
export const liveLostSince = signal<number | undefined>(undefined);

const subscriptions = new Map<string, Subscription>();
let socket: WebSocket | undefined;
let pauseMs = firstPauseMs;
let connecting: ReturnType<typeof setTimeout> | undefined;
let pong: ReturnType<typeof setTimeout> | undefined;
let count = 0;

/** Follows a topic until it ends, or the returned function is called. `tail`: of logs, lines from before. */
export function follow(topic: string, take: (message: Message) => void, { tail }: { tail?: number } = {}): () => void {
  const id = `s${(count += 1)}`;
  const subscription: Subscription = {
    topic,
    take,
    isBegun: false,
    isOver: false,
    ...(tail !== undefined && { tail }),
  };
  subscriptions.set(id, subscription);
  if (isOpen(socket)) subscribe(id, subscription);
  else connect();
  return () => {
    subscriptions.delete(id);
    if (isOpen(socket)) socket.send(JSON.stringify({ type: 'unsubscribe', id }));
    if (subscriptions.size === 0) close();
  };
}

setInterval(ping, pingEveryMs);
addEventListener('online', reconnect);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  if (isOpen(socket)) ping();
  else reconnect();
});

function isOpen(of: WebSocket | undefined): of is WebSocket {
  return of?.readyState === WebSocket.OPEN;
}

function isNeeded(): boolean {
  return [...subscriptions.values()].some(({ isOver }) => !isOver);
}

function connect(): void {
  clearTimeout(connecting);
  if (socket) return;
  const opened = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`);
  socket = opened;
  opened.onopen = () => {
    for (const [id, each] of subscriptions) if (!each.isOver) subscribe(id, each);
    ping();
  };
  opened.onmessage = ({ data }) => {
    clearTimeout(pong);
    pong = undefined;
    pauseMs = firstPauseMs;
    liveLostSince.value = undefined;
    receive(messageIn(String(data)));
  };
  opened.onclose = () => socket === opened && lose();
}

/** Tries again after a pause, which grows. */
function lose(): void {
  close();
  if (!isNeeded()) return;
  liveLostSince.value ??= Date.now();
  // A session that has ended leads to the log-in.
  void ask<'whoami'>('/whoami').catch(() => undefined);
  connecting = setTimeout(connect, pauseMs * (0.5 + Math.random()));
  pauseMs = Math.min(longestPauseMs, pauseMs * 2);
}

/** The network is back, or somebody looks again: nobody has to wait for the next attempt. */
function reconnect(): void {
  if (!isOpen(socket) && isNeeded()) connect();
}

function ping(): void {
  if (!isOpen(socket)) return;
  socket.send(JSON.stringify({ type: 'ping' }));
  pong ??= setTimeout(lose, pongWithinMs);
}

function subscribe(id: string, subscription: Subscription): void {
  const { topic, tail, position, isBegun, take } = subscription;
  if (isBegun && position === undefined) take({ type: 'restart' });
  subscription.isBegun = true;
  socket!.send(
    JSON.stringify({
      type: 'subscribe',
      id,
      topic,
      ...(position !== undefined ? { after: position } : tail !== undefined && { tail }),
    }),
  );
}

function messageIn(text: string): Message {
  const { problem, ...message } = JSON.parse(text) as Message & { problem?: { status?: number; detail?: string } };
  return { ...message, ...(problem && { problem: new Refused(problem.status ?? 500, problem.detail ?? '') }) };
}

function receive(message: Message): void {
  const { id = '', type, position, problem } = message;
  const subscription = subscriptions.get(id);
  if (!subscription || subscription.isOver) return;
  if (position !== undefined) subscription.position = position;
  if (problem?.status === 401) return toLogin();
  // What passes, and a topic that ends without an end, is tried again.
  if (type === 'unsubscribed' || (problem && isPassing(problem))) return again(id, subscription);
  if (type === 'end' || type === 'problem') subscription.isOver = true;
  subscription.take(message);
}

function isPassing({ status }: Refused): boolean {
  return status >= 500 || status === 429;
}

/** Subscribes again after a pause, unless it was left or the connection was lost meanwhile. */
function again(id: string, subscription: Subscription): void {
  const on = socket;
  liveLostSince.value ??= Date.now();
  setTimeout(() => {
    if (on === socket && isOpen(on) && subscriptions.get(id) === subscription) subscribe(id, subscription);
  }, pauseMs);
  pauseMs = Math.min(longestPauseMs, pauseMs * 2);
}

function close(): void {
  clearTimeout(connecting);
  clearTimeout(pong);
  pong = undefined;
  const closing = socket;
  socket = undefined;
  closing?.close();
}
