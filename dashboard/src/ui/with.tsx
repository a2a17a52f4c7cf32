import type { ComponentChildren } from 'preact';
import { around, type Key } from '../text';

/** A text of the catalogue with an element in place of one of its values. */
export function With({ text, name, children }: { text: Key; name: string; children: ComponentChildren }) {
  const [before, after] = around(text, name);
  return (
    <span>
      {before}
      {children}
      {after}
    </span>
  );
}
