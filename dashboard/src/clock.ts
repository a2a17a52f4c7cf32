import { signal } from '@preact/signals';

/** Times now, in ms since the epoch: relative times are drawn again with them. */

export const second = signal(Date.now());
/** For long lists, whose times need no seconds. */
export const tenSeconds = signal(Date.now());

setInterval(() => {
  if (document.hidden) return;
  second.value = Date.now();
  if (second.value - tenSeconds.value >= 10_000) tenSeconds.value = second.value;
}, 1000);
