import { signal } from '@preact/signals';

/** The last result, shown for a moment and read aloud. */
export const said = signal<string | undefined>(undefined);

const shownMs = 6000;
let timer: ReturnType<typeof setTimeout>;

export function say(text: string): void {
  said.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => (said.value = undefined), shownMs);
}
