import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Rows that are drawn above and below those that are seen. */
const overscan = 8;

/** A list that draws only the rows that are seen. All rows have the same height, in CSS px. */
export function VirtualList<T>(props: {
  readonly label: string;
  readonly items: readonly T[];
  readonly rowPx: number;
  readonly row: (item: T) => ComponentChildren;
  readonly keyOf: (item: T) => string;
  /** Called when the last rows are near, and again for new items while they are. */
  readonly onNearEnd: () => void;
}) {
  const { label, items, rowPx, row, keyOf, onNearEnd } = props;
  const count = items.length;
  const frame = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(600);
  useEffect(() => {
    const watched = frame.current;
    if (!watched) return undefined;
    const observer = new ResizeObserver(() => (height.value = watched.clientHeight));
    observer.observe(watched);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top.value / rowPx) - overscan);
  const end = Math.min(count, Math.ceil((top.value + height.value) / rowPx) + overscan);
  useEffect(() => {
    if (end >= count - overscan) onNearEnd();
  }, [end, items]);
  return (
    <section
      ref={frame}
      class="virtual"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the list is scrolled by keys
      tabIndex={0}
      aria-label={label}
      onScroll={({ currentTarget }) => (top.value = currentTarget.scrollTop)}
    >
      <ul style={{ height: `${count * rowPx}px` }}>
        {items.slice(first, end).map((item, place) => (
          <li
            key={keyOf(item)}
            aria-setsize={count}
            aria-posinset={first + place + 1}
            style={{ transform: `translateY(${(first + place) * rowPx}px)`, height: `${rowPx}px` }}
          >
            {row(item)}
          </li>
        ))}
      </ul>
    </section>
  );
}
