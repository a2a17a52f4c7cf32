import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { WindowVirtualizer } from 'virtua';

interface GridProps<T> {
  items: readonly T[];
  keyOf: (item: T) => string;
  /** The least width of an item, in pixels. */
  width: number;
  children: (item: T) => ComponentChildren;
}

/** Any number of items side by side, of which only those exist that can be seen. */
export function Grid<T>({ items, keyOf, width, children }: GridProps<T>) {
  const element = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(1);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      setColumns(Math.max(1, Math.floor(entry!.contentRect.width / width))),
    );
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, [width]);
  const rows = Array.from({ length: Math.ceil(items.length / columns) }, (_, row) =>
    items.slice(row * columns, (row + 1) * columns),
  );
  return (
    <div ref={element} role="list">
      <WindowVirtualizer>
        {rows.map((row) => (
          <div class="grid-row" key={keyOf(row[0]!)} style={{ gridTemplateColumns: `repeat(${columns}, 1fr)` }}>
            {row.map((item) => (
              <div class="grid-item" role="listitem" key={keyOf(item)}>
                {children(item)}
              </div>
            ))}
          </div>
        ))}
      </WindowVirtualizer>
    </div>
  );
}
