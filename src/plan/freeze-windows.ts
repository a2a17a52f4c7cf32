import type { FreezeWindow } from '../model/stack';

const weekMinutes = 7 * 24 * 60;
const minuteMs = 60_000;
const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

export interface OpenWindow {
  text: string;
  /** In ms since the epoch. */
  until: number;
  refuse: boolean;
}

/** The window open at a time; of several, a refusing one first, then the longest. Needs the time zones of `Intl`. */
export function openWindow(windows: readonly FreezeWindow[], now: number): OpenWindow | undefined {
  const open = windows
    .filter((window) => isWithin(window, now))
    .map((window) => ({ text: window.text, until: endOf(window, now), refuse: window.refuse }));
  return open.sort((a, b) => Number(b.refuse) - Number(a.refuse) || b.until - a.until)[0];
}

export function isWithin({ from, to, timeZone }: FreezeWindow, at: number): boolean {
  const minute = minuteOfWeek(at, timeZone);
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** By the local clock, also across a change to or from daylight saving time. */
function endOf(window: FreezeWindow, now: number): number {
  const left = (window.to - minuteOfWeek(now, window.timeZone) + weekMinutes) % weekMinutes;
  const guess = Math.floor(now / minuteMs) * minuteMs + left * minuteMs;
  const shift = [0, -60, 60, -30, 30].find((minutes) => endsAt(window, guess + minutes * minuteMs));
  return guess + (shift ?? 0) * minuteMs;
}

function endsAt(window: FreezeWindow, at: number): boolean {
  return !isWithin(window, at) && isWithin(window, at - minuteMs);
}

function minuteOfWeek(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (type: string) => parts.find((each) => each.type === type)!.value;
  return days.indexOf(part('weekday')) * 24 * 60 + Number(part('hour')) * 60 + Number(part('minute'));
}
