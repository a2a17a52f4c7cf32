import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../text';
import { Dialog } from './dialog';
import { Trouble } from './notice';
import { say } from './said';

const longestReason = 500;

interface ConfirmProps {
  title: string;
  /** What will happen. */
  text: string;
  button: string;
  isDangerous: boolean;
  hasReason: boolean;
  onClose: () => void;
  onConfirm: (reason: string | undefined) => Promise<unknown>;
  children?: ComponentChildren;
  isDisabled?: boolean;
}

/** Asks before something is done, and stays open with the reason if it fails: pressing again does it once. */
export function Confirm(props: ConfirmProps) {
  const { title, text, button, isDangerous, hasReason, onClose, onConfirm, children, isDisabled = false } = props;
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<Error | undefined>(undefined);
  const isThere = useRef(true);
  useEffect(() => () => void (isThere.current = false), []);
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm(reason.trim() === '' ? undefined : reason.trim());
      if (isThere.current) onClose();
    } catch (caught) {
      if (!isThere.current) return say((caught as Error).message);
      setError(caught as Error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} isBusy={isBusy} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void confirm();
        }}
      >
        <p>{text}</p>
        {children}
        {hasReason && (
          <label>
            <span>{t('act.reason')}</span>
            <input
              value={reason}
              maxLength={longestReason}
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          </label>
        )}
        {error && <Trouble error={error} />}
        <div class="controls">
          <button type="submit" class={isDangerous ? 'danger' : 'main'} disabled={isBusy || isDisabled}>
            {button}
          </button>
          <button type="button" onClick={onClose} disabled={isBusy}>
            {t('act.back')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
