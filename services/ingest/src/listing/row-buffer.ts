import type { JobRow } from "./job-row.ts";

/** Collects rows, so that many of them are written in one transaction. */
export type RowBuffer = {
  /** Adds a row unless the buffer holds a newer one of its job. Flushes after 100 ms or at 250 rows. */
  add(row: JobRow): void;
  get(jobId: string): JobRow | undefined;
  /** Writes all rows now. */
  flush(): void;
  /** Drops all rows. */
  clear(): void;
};

const flushAfterMs = 100;
const maxRows = 250;

/** `write` gets the newest row of each job. */
export function createRowBuffer(write: (rows: Iterable<JobRow>) => void): RowBuffer {
  const rows = new Map<string, JobRow>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (rows.size > 0) write(rows.values());
    rows.clear();
  }

  return {
    add(row) {
      const buffered = rows.get(row.jobId);
      if (buffered && buffered.sequence >= row.sequence) return;
      rows.set(row.jobId, row);
      if (rows.size >= maxRows) flush();
      else timer ??= setTimeout(flush, flushAfterMs);
    },
    get: (jobId) => rows.get(jobId),
    flush,
    clear() {
      clearTimeout(timer);
      timer = undefined;
      rows.clear();
    },
  };
}
