import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isListedByTags } from "./job-page.ts";
import { everyJob, readTags } from "./job-tags.ts";

/** A row of the table `jobs`. */
export type StoredRow = {
  readonly job: Uint8Array;
  readonly tenant: number;
  /** State and reason: see `toOutcome`. */
  readonly outcome: number;
  readonly seq: number;
  /** See `JobTags.ofRow`. */
  readonly tags: Uint8Array;
};

/** Writes rows of `jobs` together with their entries in `lists`. */
export type RowWriter = {
  /** Writes a row in place of the one before. Most changes of a job change its sequence alone; they touch no list. */
  write(before: StoredRow | undefined, row: StoredRow): void;
  remove(row: StoredRow): void;
};

/** Creates the tables `jobs` and `lists`. */
export function createRowWriter(db: DatabaseSync): RowWriter {
  db.exec(`
    CREATE TABLE jobs (
      job BLOB PRIMARY KEY, tenant INTEGER NOT NULL, outcome INTEGER NOT NULL, seq INTEGER NOT NULL, tags BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX by_seq ON jobs (seq);
    CREATE TABLE lists (
      tenant INTEGER NOT NULL, tag INTEGER NOT NULL, outcome INTEGER NOT NULL, job BLOB NOT NULL,
      PRIMARY KEY (tenant, tag, outcome, job)
    ) WITHOUT ROWID;
  `);
  const insertJob = db.prepare("INSERT INTO jobs (job, tenant, outcome, seq, tags) VALUES (?, ?, ?, ?, ?)");
  const updateJob = db.prepare("UPDATE jobs SET tenant = ?, outcome = ?, seq = ?, tags = ? WHERE job = ?");
  const updateSequence = db.prepare("UPDATE jobs SET seq = ? WHERE job = ?");
  const deleteJob = db.prepare("DELETE FROM jobs WHERE job = ?");
  const removeFromList = db.prepare("DELETE FROM lists WHERE tenant = ? AND tag = ? AND outcome = ? AND job = ?");
  const addToLists = createListInsert(db);
  const listsOf = ({ outcome, tags }: StoredRow) => [everyJob, ...(isListedByTags(outcome) ? readTags(tags) : [])];

  function unlist(row: StoredRow): void {
    for (const tag of listsOf(row)) removeFromList.run(row.tenant, tag, row.outcome, row.job);
  }

  return {
    write(before, row) {
      const { job, tenant, outcome, seq, tags } = row;
      if (before && isListedAlike(before, row)) return void updateSequence.run(seq, job);
      if (before) {
        unlist(before);
        updateJob.run(tenant, outcome, seq, tags, job);
      } else insertJob.run(job, tenant, outcome, seq, tags);
      addToLists(row, listsOf(row));
    },
    remove(row) {
      unlist(row);
      deleteJob.run(row.job);
    },
  };
}

/** Returns a function that adds a row to several lists with one statement. */
function createListInsert(db: DatabaseSync): (row: StoredRow, tags: readonly number[]) => void {
  const statements = new Map<number, StatementSync>();
  return ({ tenant, outcome, job }, tags) => {
    let statement = statements.get(tags.length);
    if (!statement) {
      const values = tags.map(() => "(?, ?, ?, ?)").join(", ");
      statement = db.prepare(`INSERT INTO lists (tenant, tag, outcome, job) VALUES ${values}`);
      statements.set(tags.length, statement);
    }
    statement.run(...tags.flatMap((tag) => [tenant, tag, outcome, job]));
  };
}

function isListedAlike(a: StoredRow, b: StoredRow): boolean {
  return a.tenant === b.tenant && a.outcome === b.outcome && Buffer.compare(a.tags, b.tags) === 0;
}
