import { type Bus, type FedEntry, followKeys } from "@pixelmesh/bus";
import { isJobId } from "../domain/job-id.ts";
import type { JobStore } from "../stores/job-store.ts";
import { type JobRow, toJobRow, unreadableRow } from "./job-row.ts";
import type { JobTable } from "./job-table.ts";
import { createRowBuffer } from "./row-buffer.ts";
import { createTenantSearch } from "./tenant-search.ts";

/** Copies the records of the bucket `jobs` into a table. */
export type RecordFollower = {
  /** The sequence of the newest record delivered; 0 before the first. */
  readonly lastSequence: number;
  /** Adds a row, unless there is a newer one of its job. */
  add(row: JobRow): void;
  /** Writes all buffered rows to the table. */
  flush(): void;
  /** Returns the result of `act`; undefined if the table failed, now or before. */
  use<T>(act: (table: JobTable) => T): T | undefined;
  /** Closes the table too. */
  close(): Promise<void>;
};

/** Dependencies of `followRecords`. */
export type RecordFollowerParts = {
  readonly bus: Bus;
  readonly store: Pick<JobStore, "findTenant">;
  /** An empty table. */
  readonly table: JobTable;
  /** Called once every record that was there at the start is in the table. */
  readonly onCaughtUp: () => void;
  /** Called with each row that was added and is not known to be old. */
  readonly onRow: (row: JobRow) => void;
  /** Called once, when the table fails, for example because its disk is full. */
  readonly onFailure: (error: unknown) => void;
};

/** Follows the records with one standing consumer. */
export function followRecords({
  bus,
  store,
  table,
  onCaughtUp,
  onRow,
  onFailure,
}: RecordFollowerParts): RecordFollower {
  let lastSequence = 0;
  let isOver = false;
  const searchTenant = createTenantSearch(
    async (jobId) => (isOver ? undefined : await store.findTenant(jobId)),
    bus.log,
  );

  function use<T>(act: (table: JobTable) => T): T | undefined {
    if (isOver) return undefined;
    try {
      return act(table);
    } catch (error) {
      isOver = true;
      onFailure(error);
      return undefined;
    }
  }
  const buffer = createRowBuffer((rows) => void use((to) => to.put(rows)));

  function add(row: JobRow): void {
    if (isOver || (buffer.get(row.jobId)?.sequence ?? 0) >= row.sequence) return;
    buffer.add(row);
    onRow(row);
  }

  function take({ key, sequence, value }: FedEntry): void {
    lastSequence = sequence;
    const jobId = key.slice("record.".length);
    // This replica wrote the record, so its row need not be decoded.
    if ((buffer.get(jobId)?.sequence ?? 0) >= sequence) return;
    const row = toJobRow(jobId, sequence, value);
    if (row) add(row);
    else if (isJobId(jobId)) addUnreadable(jobId, sequence);
  }

  /** The bytes do not name the tenant: the table may know it, and the key of the job's specification does. */
  function addUnreadable(jobId: string, sequence: number): void {
    const addFor = (tenant: string) => add(unreadableRow(jobId, tenant, sequence));
    const known = buffer.get(jobId)?.tenant ?? use((of) => of.tenantOf(jobId));
    if (known === undefined) searchTenant(jobId, addFor);
    else addFor(known);
  }

  const feed = followKeys(bus, {
    bucket: "jobs",
    filter: "record.*",
    onEntry: take,
    onCaughtUp() {
      buffer.flush();
      if (!isOver) onCaughtUp();
    },
  });

  return {
    get lastSequence() {
      return lastSequence;
    },
    add,
    flush: buffer.flush,
    use,
    async close() {
      isOver = true;
      buffer.clear();
      await feed.close();
      table.close();
    },
  };
}
