import { createHash } from "node:crypto";
import type { BlobIndex } from "../../domain/blob-index.ts";
import type { ColdStore } from "../../domain/cold-store.ts";
import type { IndexEntry } from "../../domain/index-entry.ts";
import { rebuiltEntry } from "./adopt-blobs.ts";
import { isBeingRemoved } from "./open-blob-index.ts";
import type { RemoveFromCold } from "./remove-blob.ts";

/** What differs between the index and the shared store. */
export type FindingKind = "not-indexed" | "blob-missing" | "wrong-size" | "corrupt" | "removal-left";

/** One difference. */
export type Finding = {
  readonly sha256: string;
  readonly kind: FindingKind;
  readonly repaired: boolean;
  readonly detail: string;
};

/** Totals of a check. */
export type CheckSummary = { blobs: number; sizeBytes: number; entries: number; findings: number; repaired: number };

/** Options of a check: whether to repair, and whether to compare all bytes with their digests. */
export type CheckOptions = { readonly repair: boolean; readonly verify: boolean };

/** Compares the index with the shared store; yields findings as they are found, then the summary. */
export type CheckStore = (options: CheckOptions, signal: AbortSignal) => AsyncGenerator<Finding | CheckSummary>;

/** Parts that a check uses. */
export type CheckParts = {
  readonly index: BlobIndex;
  readonly cold: ColdStore;
  readonly remove: RemoveFromCold;
  /** How long a blob whose entry was lost stays from the repair on, in milliseconds: nothing else is known of who needs it. */
  readonly rebuiltMs: number;
  readonly unixMs: () => number;
};

const pageSize = 500;
/** A put writes its entry before its blob: a younger entry may still get its blob. */
const putInProgressMs = 10 * 60_000;

/** Creates the check. It reads the shared store in pages and the index entry by entry, so its memory does not grow with the store. */
export function createCheckStore(parts: CheckParts): CheckStore {
  const { index, cold, unixMs } = parts;
  return async function* check(options, signal) {
    const summary: CheckSummary = { blobs: 0, sizeBytes: 0, entries: 0, findings: 0, repaired: 0 };
    const note = (finding: Finding): Finding => {
      summary.findings += 1;
      if (finding.repaired) summary.repaired += 1;
      return finding;
    };
    let next: string | undefined;
    do {
      const page = await cold.list(pageSize, next, signal);
      for (const { sha256, sizeBytes } of page.blobs) {
        signal.throwIfAborted();
        summary.blobs += 1;
        summary.sizeBytes += sizeBytes;
        for await (const finding of checkBlob(parts, { sha256, sizeBytes }, options, signal)) yield note(finding);
      }
      next = page.next;
    } while (next !== undefined);

    const end = await index.lastRevision();
    for (let revision = 1; ; ) {
      signal.throwIfAborted();
      const step = await index.walk(revision);
      if (step === undefined || step.revision > end) break;
      revision = step.revision + 1;
      if (step.kind === "job") continue;
      summary.entries += 1;
      if (step.entry === undefined || (await cold.stat(step.sha256, signal)) !== undefined) continue;
      const finding = await checkEntry(parts, { ...step, entry: step.entry }, options);
      if (finding !== undefined) yield note(finding);
    }
    yield summary;
  };

  /** Checks an entry without a blob. */
  async function checkEntry(
    { index: entries }: CheckParts,
    found: { readonly sha256: string; readonly entry: IndexEntry; readonly revision: number },
    { repair }: CheckOptions,
  ): Promise<Finding | undefined> {
    const { sha256, entry } = found;
    const nowMs = unixMs();
    const isYoung = nowMs - entry.lastUseMs < putInProgressMs && entry.removingSinceMs === 0;
    if (isYoung || isBeingRemoved(entry, nowMs)) return undefined;
    if (repair) await entries.endRemoval(found);
    const kind = entry.removingSinceMs > 0 ? "removal-left" : "blob-missing";
    return { sha256, kind, repaired: repair, detail: `the index has an entry of ${entry.sizeBytes} bytes` };
  }
}

async function* checkBlob(
  parts: CheckParts,
  { sha256, sizeBytes }: { readonly sha256: string; readonly sizeBytes: number },
  { repair, verify }: CheckOptions,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const { index, cold, remove, unixMs } = parts;
  const found = await index.get(sha256);
  if (found === undefined) {
    const repaired = repair && (await index.adopt(sha256, rebuiltEntry(parts, sizeBytes)));
    yield { sha256, kind: "not-indexed", repaired, detail: `${sizeBytes} bytes are stored` };
  } else if (found.entry.removingSinceMs > 0 && !isBeingRemoved(found.entry, unixMs())) {
    const repaired = repair && (await remove(sha256, () => true)) !== undefined;
    yield { sha256, kind: "removal-left", repaired, detail: "its replica did not finish the removal" };
    return;
  } else if (found.entry.sizeBytes !== sizeBytes) {
    const isCorrupt = !(await hasDigest(cold, sha256, signal));
    const repaired = repair && !isCorrupt && (await index.replace(found, { ...found.entry, sizeBytes }));
    const detail = `the index says ${found.entry.sizeBytes} bytes, the store has ${sizeBytes}`;
    yield { sha256, kind: "wrong-size", repaired, detail };
    if (isCorrupt) yield await setAside();
    return;
  }
  if (verify && !(await hasDigest(cold, sha256, signal))) yield await setAside();

  async function setAside(): Promise<Finding> {
    const repaired = repair && (await remove(sha256, () => true, "quarantine")) !== undefined;
    return { sha256, kind: "corrupt", repaired, detail: "its bytes do not have its digest" };
  }
}

/** Reads a blob of the shared store and compares its digest. A blob that is gone meanwhile counts as intact. */
async function hasDigest(cold: ColdStore, sha256: string, signal: AbortSignal): Promise<boolean> {
  const chunks = await cold.read(sha256, undefined, signal);
  if (chunks === undefined) return true;
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex") === sha256;
}
