/** Drawn signs. Each stands beside a word, and is hidden from those who listen. */
const shapes = {
  good: 'M3 8.5l3.2 3.2L13 5',
  bad: 'M4 4l8 8M12 4l-8 8',
  warn: 'M8 2.5L14.5 13.5h-13zM8 6.5v3.2M8 11.6v.4',
  busy: 'M8 2a6 6 0 1 1-6 6',
  wait: 'M8 4.5V8l2.4 1.6M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2',
  quiet: 'M4 8h8',
  frozen: 'M8 2v12M2.8 5l10.4 6M13.2 5L2.8 11',
  stop: 'M5.3 2.5h5.4l2.8 2.8v5.4l-2.8 2.8H5.3l-2.8-2.8V5.3zM8 5v3.6M8 10.8v.4',
  trial: 'M6 2h4M7 2v4l-3.6 6.4A1 1 0 0 0 4.3 14h7.4a1 1 0 0 0 .9-1.6L9 6V2',
  eye: 'M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}
