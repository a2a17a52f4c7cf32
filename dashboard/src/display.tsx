import { useEffect, useState } from 'preact/hooks';
import { say } from './ui/said';
import { store, stored } from './stored';
import { language, languages, nameOf, speak, t } from './text';

/** How somebody likes the page: its theme and its language. */

const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

function currentTheme(): Theme {
  return themes.find((each) => each === stored('theme')) ?? 'system';
}

export function applyTheme(theme: Theme = currentTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function Display() {
  const [theme, setTheme] = useState(currentTheme);
  const [names, setNames] = useState<Record<string, string>>({});
  useEffect(() => {
    void Promise.all(languages.map(async (code) => [code, await nameOf(code)] as const)).then((all) =>
      setNames(Object.fromEntries(all)),
    );
  }, []);
  const choose = (wanted: Theme) => {
    store('theme', wanted);
    applyTheme(wanted);
    setTheme(wanted);
  };
  return (
    <footer class="display">
      <label>
        <span>{t('theme.label')}</span>
        <select value={theme} onChange={({ currentTarget }) => choose(currentTarget.value as Theme)}>
          {themes.map((each) => (
            <option key={each} value={each}>
              {t(`theme.${each}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t('language.label')}</span>
        <select
          value={language.value}
          onChange={({ currentTarget }) => {
            store('language', currentTarget.value);
            speak(currentTarget.value).catch((error: Error) => say(error.message));
          }}
        >
          {languages.map((code) => (
            <option key={code} value={code} lang={code}>
              {names[code] ?? code}
            </option>
          ))}
        </select>
      </label>
    </footer>
  );
}
