import { t } from '../text';

const longestReason = 500;

interface ReasonFieldProps {
  value: string;
  onInput: (value: string) => void;
}

/** Takes the reason of what somebody does, for the history. */
export function ReasonField({ value, onInput }: ReasonFieldProps) {
  return (
    <label>
      <span>{t('act.reason')}</span>
      <input value={value} maxLength={longestReason} onInput={({ currentTarget }) => onInput(currentTarget.value)} />
    </label>
  );
}

/** The field of a request for a reason; none if nothing was written. */
export function withReason(text: string): { reason?: string } {
  const reason = text.trim();
  return reason === '' ? {} : { reason };
}
