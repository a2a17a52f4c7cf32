import { render } from 'preact';
import { readSession } from './api/session';
import { App } from './app';
import { applyTheme } from './display';
import { listenForKeys } from './keys';
import './style/index.css';
import { startLanguage } from './text';
import { Trouble } from './ui/notice';

const page = document.getElementById('page')!;

async function start(): Promise<void> {
  applyTheme();
  // English is here in any case.
  await startLanguage().catch(() => undefined);
  try {
    await readSession();
  } catch (error) {
    return render(<Trouble error={error as Error} retry={() => location.reload()} />, page);
  }
  listenForKeys();
  render(<App />, page);
}

void start();
