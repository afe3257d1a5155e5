import { type Bus, type FedEntry, followKeys, readBucketState } from "@pixelmesh/bus";
import { AppError, toAppError } from "@pixelmesh/errors";
import { withTimeout } from "@pixelmesh/lifecycle";
import { JobRecord, JobState } from "@pixelmesh/proto";
import { assertJobId } from "../domain/job-id.ts";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { JobRow, JobTable } from "./job-table.ts";

/** The jobs of the mesh by tenant, state and time, for listings. Each replica keeps its own. */
export type JobIndex = {
  /** Resolves once it knows every job that was there when it was opened. Throws SERVICE_UNAVAILABLE when that takes longer than a few seconds. */
  ready(): Promise<void>;
  /** At most `limit` jobs of a tenant, newest first, older than `before` (empty: from the newest); UNSPECIFIED: in any state. */
  page(tenant: string, state: JobState, before: string, limit: number): JobRow[];
  /** A record that this replica wrote: the next page knows of it. */
  note(job: StoredJob): void;
  /** A job that is no longer there. */
  forget(row: JobRow): void;
  close(): Promise<void>;
};

/** What the index is made from. */
export type JobIndexParts = {
  readonly bus: Bus;
  readonly store: Pick<JobStore, "findTenant" | "forgetBelow">;
  /** Makes an empty table; called again when one failed. */
  readonly createTable: () => Promise<JobTable>;
};

const readyTimeoutMs = 4_000;
const retryAfterMs = 2_000;
const putEveryMs = 100;
const maxWaiting = 250;
const pruneEveryMs = 5_000;
const startAgainMs = 30_000;
/** Unreadable records of jobs whose tenant is looked for, one after the other: each takes the broker a search of the bucket. */
const maxUnknown = 100;
/** State 0 is that of a record which cannot be read. */
const allStates = [0, JobState.RUNNING, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED];

/**
 * Follows the records of the bucket `jobs` with one standing consumer. Jobs that were removed or expired need no message:
 * their records lie below the first sequence of the bucket.
 */
export function openJobIndex({ bus, store, createTable }: JobIndexParts): JobIndex {
  const { log } = bus;
  const waiting = new Map<string, JobRow>();
  let table: JobTable | undefined;
  let caughtUp = Promise.withResolvers<void>();
  let isCaughtUp = false;
  let feed: ReturnType<typeof followKeys> | undefined;
  let lastSequence = 0;
  let unknown = 0;
  let searching = Promise.resolve();
  let isClosed = false;
  let putTimer: NodeJS.Timeout | undefined;
  let startTimer: NodeJS.Timeout | undefined;

  async function start(): Promise<void> {
    try {
      table = await createTable();
    } catch (error) {
      log.error({ err: error }, "the index of jobs cannot be made; listings are refused (PIXELMESH_SCRATCH_DIR)");
      return startLater();
    }
    if (isClosed) return table.close();
    feed = followKeys(bus, {
      bucket: "jobs",
      filter: "record.*",
      onEntry: take,
      onCaughtUp() {
        put();
        isCaughtUp = true;
        caughtUp.resolve();
      },
    });
  }

  function startLater(): void {
    startTimer = setTimeout(() => void start(), startAgainMs);
    startTimer.unref();
  }

  /** Begins anew with an empty table. */
  async function restart(isSoon: boolean): Promise<void> {
    if (isCaughtUp) caughtUp = Promise.withResolvers<void>();
    isCaughtUp = false;
    waiting.clear();
    lastSequence = 0;
    unknown = 0;
    const [oldFeed, oldTable] = [feed, table];
    feed = undefined;
    table = undefined;
    await oldFeed?.close();
    oldTable?.close();
    if (isClosed) return;
    if (isSoon) await start();
    else startLater();
  }

  function take({ key, sequence, value }: FedEntry): void {
    lastSequence = sequence;
    const jobId = key.slice("record.".length);
    const known = toRow(jobId, sequence, value);
    if (known) add(known);
    else if (isJobId(jobId)) addUnreadable(jobId, sequence);
  }

  /** A record that cannot be read does not say whose it is: the index may know, or the key of its specification does. */
  function addUnreadable(jobId: string, sequence: number): void {
    const tenant = waiting.get(jobId)?.tenant ?? table?.tenantOf(jobId);
    if (tenant !== undefined) {
      add({ jobId, tenant, state: 0, sequence });
      return;
    }
    if (unknown++ >= maxUnknown) return;
    const ofTable = table;
    searching = searching
      .then(async () => {
        const found = isClosed ? undefined : await store.findTenant(jobId);
        if (found !== undefined && ofTable === table) add({ jobId, tenant: found, state: 0, sequence });
      })
      .catch((error: unknown) => log.debug({ err: error, jobId }, "tenant of an unreadable record not found"));
  }

  function add(row: JobRow): void {
    const before = waiting.get(row.jobId);
    if (before && before.sequence >= row.sequence) return;
    waiting.set(row.jobId, row);
    if (waiting.size >= maxWaiting) put();
    else putTimer ??= setTimeout(put, putEveryMs);
  }

  function put(): void {
    clearTimeout(putTimer);
    putTimer = undefined;
    if (waiting.size === 0 || !table) return;
    guard(table, (of) => of.put(waiting.values()));
    waiting.clear();
  }

  /** A table whose disk fails is given up and made again. */
  function guard<T>(of: JobTable, act: (table: JobTable) => T): T | undefined {
    try {
      return act(of);
    } catch (error) {
      log.error({ err: error }, "the index of jobs failed and is made again");
      void restart(false);
      return undefined;
    }
  }

  async function prune(): Promise<void> {
    const { firstSequence, lastSequence: newest } = await readBucketState(bus, "jobs");
    // A broker that lost its data counts from the start again.
    if (newest < lastSequence) return restart(true);
    store.forgetBelow(firstSequence);
    if (table) guard(table, (of) => of.dropBelow(firstSequence));
  }
  const pruneTimer = setInterval(() => {
    prune().catch((error: unknown) => log.debug({ err: error }, "index of jobs not pruned; tried again"));
  }, pruneEveryMs);
  pruneTimer.unref();
  void start();

  return {
    async ready() {
      if (isCaughtUp) return;
      await withTimeout("The index of jobs", readyTimeoutMs, caughtUp.promise).catch((cause: unknown) => {
        throw new AppError("SERVICE_UNAVAILABLE", "The list of jobs is still being read; ask again", {
          cause: toAppError(cause),
          retryAfterMs,
        });
      });
    },
    page(tenant, state, before, limit) {
      put();
      const states = state === JobState.UNSPECIFIED ? allStates : [state];
      const rows = table && guard(table, (of) => of.page(tenant, states, before, limit));
      if (!rows) throw new AppError("SERVICE_UNAVAILABLE", "The list of jobs cannot be read now", { retryAfterMs });
      return rows;
    },
    note({ spec, record, revision }) {
      add({ jobId: spec.jobId, tenant: spec.tenant, state: record.state, sequence: revision });
    },
    forget({ jobId, sequence }) {
      if (table) guard(table, (of) => of.drop(jobId, sequence));
    },
    async close() {
      isClosed = true;
      clearTimeout(putTimer);
      clearTimeout(startTimer);
      clearInterval(pruneTimer);
      await feed?.close();
      table?.close();
      table = undefined;
    },
  };
}

/** The row of a record; undefined where its bytes are not the record of this job. */
function toRow(jobId: string, sequence: number, value: Uint8Array): JobRow | undefined {
  try {
    const record = JobRecord.decode(value);
    if (record.jobId !== jobId || record.tenant === "" || !isJobId(jobId)) return undefined;
    const state = allStates.includes(record.state) ? record.state : 0;
    return { jobId, tenant: record.tenant, state, sequence };
  } catch {
    return undefined;
  }
}

function isJobId(text: string): boolean {
  try {
    assertJobId(text);
    return true;
  } catch {
    return false;
  }
}
