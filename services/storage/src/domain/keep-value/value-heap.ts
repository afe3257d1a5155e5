/** A blob in a heap. `value` and `turn` may only change through the heap. */
export type Valued = {
  readonly sha256: string;
  value: number;
  /** Number of the use that gave the value: of equal values the older one is lower. */
  turn: number;
  /** Position in the heap. */
  at: number;
};

/** A binary heap of blobs that finds the one of the lowest value. All changes take O(log n). */
export type ValueHeap<E extends Valued> = {
  size(): number;
  lowest(): E | undefined;
  add(entry: E): void;
  /** Moves an entry to the place of its new value. */
  revalue(entry: E, value: number, turn: number): void;
  remove(entry: E): void;
};

/** Creates an empty heap. */
export function createValueHeap<E extends Valued>(): ValueHeap<E> {
  const entries: E[] = [];

  const isLower = (one: E, other: E) => one.value < other.value || (one.value === other.value && one.turn < other.turn);

  function place(entry: E, at: number): void {
    entries[at] = entry;
    entry.at = at;
  }

  function moveUp(entry: E): void {
    let at = entry.at;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above] as E;
      if (!isLower(entry, parent)) break;
      place(parent, at);
      at = above;
    }
    place(entry, at);
  }

  function moveDown(entry: E): void {
    let at = entry.at;
    for (;;) {
      const left = entries[2 * at + 1];
      if (left === undefined) break;
      const right = entries[2 * at + 2];
      const child = right !== undefined && isLower(right, left) ? right : left;
      if (!isLower(child, entry)) break;
      const below = child.at;
      place(child, at);
      at = below;
    }
    place(entry, at);
  }

  return {
    size: () => entries.length,
    lowest: () => entries[0],
    add(entry) {
      place(entry, entries.length);
      moveUp(entry);
    },
    revalue(entry, value, turn) {
      entry.value = value;
      entry.turn = turn;
      moveUp(entry);
      moveDown(entry);
    },
    remove(entry) {
      const last = entries.pop();
      if (last === undefined || last === entry) return;
      place(last, entry.at);
      moveUp(last);
      moveDown(last);
    },
  };
}
