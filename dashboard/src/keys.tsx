import { signal } from '@preact/signals';
import { go, to } from './route';
import { t } from './text';
import { Dialog } from './ui/dialog';

/** The keyboard: `/` searches, `g e` shows the environments, `?` helps, `j` and `k` go through the tiles. */

const isHelpOpen = signal(false);
/** The second key of a pair has to come within this time. */
const pairMs = 1000;
let first: { key: string; at: number } | undefined;

export function listenForKeys(): void {
  addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    const isTyping = target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping || document.querySelector('dialog[open]')) return;
    if (press(event.key, event.timeStamp)) event.preventDefault();
  });
}

function press(key: string, at: number): boolean {
  const before = first && at - first.at < pairMs ? first.key : undefined;
  first = { key, at };
  if (before === 'g' && key === 'e') return did(() => go(to.wall));
  if (key === '/') return did(() => document.getElementById('search')?.focus());
  if (key === '?') return did(() => (isHelpOpen.value = true));
  if (key === 'j' || key === 'k') return move(key === 'j' ? 1 : -1);
  return false;
}

function did(work: () => unknown): true {
  work();
  return true;
}

function move(by: 1 | -1): boolean {
  const links = [...document.querySelectorAll<HTMLElement>('.tile, a.row')];
  if (links.length === 0) return false;
  const at = links.indexOf(document.activeElement as HTMLElement);
  links[Math.min(links.length - 1, Math.max(0, at + (at === -1 && by === -1 ? 0 : by)))]?.focus();
  return true;
}

export function openHelp(): void {
  isHelpOpen.value = true;
}

export function KeyHelp() {
  if (!isHelpOpen.value) return null;
  const close = () => (isHelpOpen.value = false);
  return (
    <Dialog title={t('keys.title')} onClose={close}>
      <dl class="keys">
        <Keys keys={['/']} text={t('keys.search')} />
        <Keys keys={['g', 'e']} text={t('keys.environments')} />
        <Keys keys={['j', 'k']} text={t('keys.next')} />
        <Keys keys={['Enter']} text={t('keys.open')} />
        <Keys keys={['Esc']} text={t('keys.close')} />
        <Keys keys={['?']} text={t('keys.help')} />
      </dl>
      <form method="dialog" class="controls">
        <button type="submit">{t('app.close')}</button>
      </form>
    </Dialog>
  );
}

function Keys({ keys, text }: { keys: string[]; text: string }) {
  return (
    <div>
      <dt>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{text}</dd>
    </div>
  );
}
