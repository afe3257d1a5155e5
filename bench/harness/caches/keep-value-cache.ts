import { createKeepValue } from "../../../services/storage/src/domain/keep-value/keep-value.ts";
import { createValueHeap, type Valued } from "../../../services/storage/src/domain/keep-value/value-heap.ts";
import type { CachePolicy } from "./cache.ts";

/** Most blobs that the policy remembers here: fewer than the objects of a trace. */
const maxEntries = 8_192;

/** The storage service's policy, with what each result saves, or without it, as for blobs whose time is unknown. */
export function createKeepValueCache({ estimated }: { readonly estimated: boolean }): CachePolicy {
  return (budgetBytes) => {
    const values = createKeepValue({ maxEntries });
    const stored = new Map<number, number>();
    let bytes = 0;
    return {
      request({ key, sizeBytes, savedMs }) {
        const isHit = stored.has(key);
        values.use(String(key), sizeBytes, estimated ? undefined : savedMs);
        if (!isHit) bytes += sizeBytes;
        stored.set(key, sizeBytes);
        while (bytes > budgetBytes) {
          const lowest = Number(values.lowest() ?? stored.keys().next().value);
          values.evicted(String(lowest));
          bytes -= stored.get(lowest) ?? 0;
          stored.delete(lowest);
        }
        return isHit;
      },
    };
  };
}

/** GreedyDual-Size-Frequency (Cherkasova, 1998): uses times milliseconds over bytes, above the value of what was evicted last. */
export const gdsf: CachePolicy = (budgetBytes) => {
  type Row = Valued & { uses: number; sizeBytes: number };
  const rows = new Map<number, Row>();
  const heap = createValueHeap<Row>();
  let age = 0;
  let bytes = 0;
  let turn = 0;
  return {
    request({ key, sizeBytes, savedMs }) {
      turn += 1;
      const row = rows.get(key);
      if (row !== undefined) {
        row.uses += 1;
        heap.revalue(row, age + (row.uses * savedMs) / sizeBytes, turn);
        return true;
      }
      const added = { sha256: String(key), uses: 1, sizeBytes, value: age + savedMs / sizeBytes, turn, at: 0 };
      rows.set(key, added);
      heap.add(added);
      bytes += sizeBytes;
      for (let lowest = heap.lowest(); bytes > budgetBytes && lowest !== undefined; lowest = heap.lowest()) {
        age = lowest.value;
        bytes -= lowest.sizeBytes;
        heap.remove(lowest);
        rows.delete(Number(lowest.sha256));
      }
      return false;
    },
  };
};
