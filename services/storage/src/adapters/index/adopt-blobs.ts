import type { BlobIndex } from "../../domain/blob-index.ts";
import type { ColdStore } from "../../domain/cold-store.ts";
import type { IndexEntry } from "../../domain/index-entry.ts";

/** Creates entries for blobs that have none, such as after the broker lost its data. */
export type Adoption = {
  /** Adopts one blob that was used. Returns false if it is not stored or is being removed. */
  adopt(sha256: string): Promise<boolean>;
  /** Continues through the shared store by one page, and adopts what has no entry. Returns the number of adopted blobs. */
  step(): Promise<number>;
};

/** Parts of the adoption. */
export type AdoptionParts = {
  readonly index: BlobIndex;
  readonly cold: ColdStore;
  /** How long an adopted blob stays, in milliseconds: nothing is known of who needs it. */
  readonly rebuiltMs: number;
  readonly unixMs: () => number;
};

const pageSize = 1_000;

/** Creates an adoption that begins at the first blob. */
export function createAdoption(parts: AdoptionParts): Adoption {
  const { index, cold } = parts;
  let next: string | undefined;

  async function adoptStored(sha256: string, sizeBytes: number): Promise<boolean> {
    return (await index.get(sha256)) === undefined && (await index.adopt(sha256, rebuiltEntry(parts, sizeBytes)));
  }

  return {
    async adopt(sha256) {
      const found = await index.get(sha256);
      if (found !== undefined) return found.entry.removingSinceMs === 0;
      const stored = await cold.stat(sha256);
      return stored !== undefined && (await adoptStored(sha256, stored.sizeBytes));
    },
    async step() {
      const page = await cold.list(pageSize, next);
      next = page.next;
      let adopted = 0;
      for (const { sha256, sizeBytes } of page.blobs) if (await adoptStored(sha256, sizeBytes)) adopted += 1;
      return adopted;
    },
  };
}

/** Returns the entry of a blob of which only the bytes are known: an output, the kind that stays longest. */
export function rebuiltEntry(
  { rebuiltMs, unixMs }: Pick<AdoptionParts, "rebuiltMs" | "unixMs">,
  sizeBytes: number,
): IndexEntry {
  const nowMs = unixMs();
  return {
    sizeBytes,
    kind: "output",
    uses: 0,
    lastUseMs: nowMs,
    askedUntilMs: nowMs + rebuiltMs,
    pins: new Map(),
    removingSinceMs: 0,
    savedMs: 0,
  };
}
