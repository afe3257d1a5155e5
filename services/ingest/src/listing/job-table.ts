import { DatabaseSync } from "node:sqlite";

/** A job in the index. */
export type JobRow = {
  readonly jobId: string;
  readonly tenant: string;
  /** A `JobState`; 0 if the record cannot be read. */
  readonly state: number;
  /** The sequence of the job's record in the bucket. */
  readonly sequence: number;
};

/** Jobs by tenant, state and time, in a file that can be rebuilt from the bucket `jobs` at any time. */
export type JobTable = {
  /** Adds or replaces rows in one transaction. Keeps a stored row that is newer. */
  put(rows: Iterable<JobRow>): void;
  /** Returns the tenant of a job; undefined if the job is not in the table. */
  tenantOf(jobId: string): string | undefined;
  /** Returns at most `limit` jobs of a tenant in one of the states that are older than `before` (empty: from the newest), newest first. */
  page(tenant: string, states: readonly number[], before: string, limit: number): JobRow[];
  /** Removes a job unless its row is newer than `sequence`. */
  drop(jobId: string, sequence: number): void;
  /** Removes every job whose record lies below a sequence. */
  dropBelow(sequence: number): void;
  clear(): void;
  count(): number;
  close(): void;
};

const cacheKiB = 8_192;

/**
 * Creates a table at `path`. Ids sort by time, so a page is a range of one index and its cost does not grow with the table. The file
 * has no journal, because it is never opened a second time.
 */
export function createJobTable(path: string): JobTable {
  const db = new DatabaseSync(path);
  db.exec(`
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -${cacheKiB};
    CREATE TABLE tenants (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE jobs (job BLOB PRIMARY KEY, tenant INTEGER NOT NULL, state INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX by_state ON jobs (tenant, state, job);
    CREATE INDEX by_seq ON jobs (seq);
  `);
  const addTenant = db.prepare("INSERT INTO tenants (name) VALUES (?) ON CONFLICT DO NOTHING");
  const findTenant = db.prepare("SELECT id FROM tenants WHERE name = ?");
  const upsert = db.prepare(`
    INSERT INTO jobs (job, tenant, state, seq) VALUES (?, ?, ?, ?)
    ON CONFLICT (job) DO UPDATE SET tenant = excluded.tenant, state = excluded.state, seq = excluded.seq
    WHERE excluded.seq > jobs.seq`);
  const selectTenant = db.prepare(
    "SELECT tenants.name AS name FROM jobs JOIN tenants ON tenants.id = jobs.tenant WHERE job = ?",
  );
  const selectPage = db.prepare(
    "SELECT job, state, seq FROM jobs WHERE tenant = ? AND state = ? AND job < ? ORDER BY job DESC LIMIT ?",
  );
  const deleteJob = db.prepare("DELETE FROM jobs WHERE job = ? AND seq <= ?");
  const deleteBelow = db.prepare("DELETE FROM jobs WHERE seq < ?");
  const countJobs = db.prepare("SELECT count(*) AS jobs FROM jobs");
  const tenantId = (name: string) => findTenant.get(name)?.id as number | undefined;

  return {
    put(rows) {
      db.exec("BEGIN");
      for (const { jobId, tenant, state, sequence } of rows) {
        let id = tenantId(tenant);
        if (id === undefined) {
          addTenant.run(tenant);
          id = tenantId(tenant) as number;
        }
        upsert.run(toBytes(jobId), id, state, sequence);
      }
      db.exec("COMMIT");
    },
    tenantOf: (jobId) => selectTenant.get(toBytes(jobId))?.name as string | undefined,
    page(tenant, states, before, limit) {
      const id = tenantId(tenant);
      if (id === undefined) return [];
      const end = before === "" ? afterAll : toBytes(before);
      const found = states.flatMap((state) => selectPage.all(id, state, end, limit));
      const rows = found.map(({ job, state, seq }) => {
        return { jobId: toJobId(job as Uint8Array), tenant, state: Number(state), sequence: Number(seq) };
      });
      return rows.sort((a, b) => (a.jobId < b.jobId ? 1 : -1)).slice(0, limit);
    },
    drop: (jobId, sequence) => void deleteJob.run(toBytes(jobId), sequence),
    dropBelow: (sequence) => void deleteBelow.run(sequence),
    clear: () => db.exec("DELETE FROM jobs"),
    count: () => Number(countJobs.get()?.jobs),
    close: () => db.close(),
  };
}

const afterAll = new Uint8Array(18).fill(0xff);
const prefixLength = "j2a-".length;

/** Returns the version of a job id and the 16 bytes of its UUID. They sort as the ids do. */
function toBytes(jobId: string): Uint8Array {
  return Buffer.from(`0${jobId[1]}${jobId.slice(prefixLength).replaceAll("-", "")}`, "hex");
}

function toJobId(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  const parts = [hex.slice(2, 10), hex.slice(10, 14), hex.slice(14, 18), hex.slice(18, 22), hex.slice(22)];
  return `j${hex[1]}a-${parts.join("-")}`;
}
