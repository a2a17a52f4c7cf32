import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../text';
import { Dialog } from './dialog';
import { Trouble } from './notice';
import { ReasonField } from './reason-field';
import { useWork } from './work';

interface ConfirmProps {
  title: string;
  /** What will happen. */
  text: string;
  button: string;
  isDangerous: boolean;
  hasReason: boolean;
  onClose: () => void;
  onConfirm: (reason: string) => Promise<unknown>;
  children?: ComponentChildren;
  isDisabled?: boolean;
}

/** Asks before something is done, and stays open with the reason if it fails: pressing again does it once. */
export function Confirm(props: ConfirmProps) {
  const { title, text, button, isDangerous, hasReason, onClose, onConfirm, children, isDisabled = false } = props;
  const [reason, setReason] = useState('');
  const { isBusy, error, run } = useWork();
  const confirm = async () => {
    if (await run(() => onConfirm(reason))) onClose();
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
        {hasReason && <ReasonField value={reason} onInput={setReason} />}
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
