import type { CachePolicy, CacheRequest } from "./cache.ts";

const dayMs = 24 * 3_600_000;

/** Plain LRU: evicts what was used least recently. */
export const lru: CachePolicy = (budgetBytes) => {
  const sizes = new Map<number, number>();
  let bytes = 0;
  return {
    request({ key, sizeBytes }) {
      const isHit = sizes.delete(key);
      if (!isHit && sizeBytes > budgetBytes) return false;
      sizes.set(key, sizeBytes);
      if (!isHit) bytes += sizeBytes;
      for (const [oldest, size] of sizes) {
        if (bytes <= budgetBytes) break;
        sizes.delete(oldest);
        bytes -= size;
      }
      return isHit;
    },
  };
};

/**
 * Lifetimes by class: 7 days after the last use for what was used three times or more, 3 days for twice, 1 day for once. Without space, what ends first
 * is evicted first.
 */
export const ttlClasses: CachePolicy = (budgetBytes) => {
  type Row = CacheRequest & { uses: number };
  // One list by last use for each class: the first of each ends first in its class.
  const classes = [7, 3, 1].map((days) => ({ lifeMs: days * dayMs, rows: new Map<number, Row>() }));
  const classOf = (uses: number) => classes[uses >= 3 ? 0 : uses === 2 ? 1 : 2] as (typeof classes)[number];
  let bytes = 0;

  function firstToEnd() {
    let found: { rows: Map<number, Row>; row: Row; endsMs: number } | undefined;
    for (const { lifeMs, rows } of classes) {
      const row = rows.values().next().value;
      if (row === undefined) continue;
      const endsMs = row.atMs + lifeMs;
      if (found === undefined || endsMs < found.endsMs) found = { rows, row, endsMs };
    }
    return found;
  }

  return {
    request(request) {
      const { key, sizeBytes, atMs } = request;
      for (let first = firstToEnd(); first !== undefined && first.endsMs <= atMs; first = firstToEnd()) {
        first.rows.delete(first.row.key);
        bytes -= first.row.sizeBytes;
      }
      const rows = classes.find((each) => each.rows.has(key))?.rows;
      const uses = (rows?.get(key)?.uses ?? 0) + 1;
      if (rows === undefined && sizeBytes > budgetBytes) return false;
      rows?.delete(key);
      if (rows === undefined) bytes += sizeBytes;
      for (let first = firstToEnd(); first !== undefined && bytes > budgetBytes; first = firstToEnd()) {
        first.rows.delete(first.row.key);
        bytes -= first.row.sizeBytes;
      }
      classOf(uses).rows.set(key, { ...request, uses });
      return rows !== undefined;
    },
  };
};
