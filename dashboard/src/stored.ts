/** Display settings that the browser stores. Nothing else is stored. */
type Name = 'language' | 'theme';

export function stored(name: Name): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

export function store(name: Name, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that stores nothing forgets it with the page.
  }
}
