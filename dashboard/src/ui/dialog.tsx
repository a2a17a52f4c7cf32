import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface DialogProps {
  title: string;
  /** It stays open: what it has asked for is under way. */
  isBusy?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** A dialog above the page. Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, isBusy = false, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const dialog = element.current!;
    dialog.showModal();
    return () => {
      // While it is open, nothing else takes the focus.
      dialog.close();
      before?.focus();
    };
  }, []);
  return (
    <dialog ref={element} aria-labelledby={id} onClose={onClose} onCancel={(event) => isBusy && event.preventDefault()}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
