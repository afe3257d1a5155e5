import { AppError } from "@pixelmesh/errors";
import { maxSmallBlobBytes } from "@pixelmesh/rpc";
import type { BlobStore, Promotion } from "../../domain/blob-store.ts";
import type { ColdReader } from "./copy-from-cold.ts";
import type { HotTier } from "./hot-tier.ts";
import type { Pins } from "./pins.ts";
import type { TierCounts } from "./tier-counts.ts";

/** Parts of the tiers that a promotion uses. */
export type PromotionParts = {
  readonly hot: HotTier;
  readonly warm: BlobStore;
  readonly cold: { stat(sha256: string): Promise<{ readonly sizeBytes: number } | undefined> };
  readonly reader: ColdReader;
  readonly pins: Pins;
  readonly counts: TierCounts;
};

/** Failures of the copy on this disk after which the shared store is read. */
const passedOn: ReadonlySet<string> = new Set(["BLOB_NOT_FOUND", "BLOB_CORRUPT"]);
const diskFailures: ReadonlySet<string> = new Set(["STORAGE_FULL", "STORAGE_UNAVAILABLE"]);

/**
 * Creates `BlobStore.promote` of a store in tiers. A blob that is too large for the memory stays on the disk; one that the disk does not take
 * stays in the shared store.
 */
export function createPromotion(parts: PromotionParts): BlobStore["promote"] {
  const { hot, warm, cold, reader, pins, counts } = parts;

  /** Returns the size of the copy on this disk; undefined without an intact one. */
  async function findOnDisk(sha256: string, verify: boolean): Promise<number | undefined> {
    try {
      return (await warm.stat(sha256, 0, { verify })).sizeBytes;
    } catch (error) {
      if (error instanceof AppError && passedOn.has(error.reason)) return undefined;
      throw error;
    }
  }

  /** Copies the copy of this disk to memory. Returns false if it is gone or corrupt. */
  async function copyToMemory(sha256: string, sizeBytes: number, signal?: AbortSignal): Promise<boolean> {
    try {
      // All bytes are verified before they are added.
      if (sizeBytes <= maxSmallBlobBytes) {
        const { savedMs = 0 } = await warm.stat(sha256, 0);
        const bytes = await warm.readBytes(sha256, maxSmallBlobBytes);
        hot.add({ stat: { sha256, sizeBytes, keepUntilMs: 0, kind: "output", savedMs }, chunks: [bytes] });
      } else {
        const blob = await warm.open(sha256, 0, 0, signal);
        try {
          hot.add({ stat: blob.stat, chunks: await Array.fromAsync(blob.chunks) });
        } finally {
          await blob[Symbol.asyncDispose]();
        }
      }
    } catch (error) {
      if (error instanceof AppError && passedOn.has(error.reason)) return false;
      throw error;
    }
    if (hot.has(sha256)) counts.promoted("hot");
    return true;
  }

  /** Promotes through the disk. Returns undefined if the disk takes no copy. */
  async function throughDisk(sha256: string, signal?: AbortSignal): Promise<Promotion | undefined> {
    let sizeBytes = await findOnDisk(sha256, false);
    const toMemory = async () =>
      sizeBytes !== undefined && hot.fits(sizeBytes) && (await copyToMemory(sha256, sizeBytes, signal));
    if ((await toMemory()) && hot.has(sha256)) return { tier: "hot", wasThere: false, sizeBytes: sizeBytes as number };
    sizeBytes = await findOnDisk(sha256, true);
    if (sizeBytes !== undefined) return { tier: "warm", wasThere: true, sizeBytes };
    if (!(await reader.copyToWarm(sha256, signal))) return undefined;
    counts.promoted("warm");
    sizeBytes = await findOnDisk(sha256, false);
    if (sizeBytes === undefined) return undefined;
    await toMemory();
    return { tier: hot.has(sha256) ? "hot" : "warm", wasThere: false, sizeBytes };
  }

  async function stayInCold(sha256: string): Promise<Promotion> {
    const found = await cold.stat(sha256);
    if (found === undefined) throw new AppError("BLOB_NOT_FOUND", `There is no blob ${sha256}`);
    return { tier: "cold", wasThere: true, sizeBytes: found.sizeBytes };
  }

  return async (sha256, signal) => {
    const copy = await hot.read(sha256);
    if (copy !== undefined) return { tier: "hot", wasThere: true, sizeBytes: copy.stat.sizeBytes };
    const unpin = pins.pin(sha256);
    try {
      return (await throughDisk(sha256, signal).catch(orRefused)) ?? (await stayInCold(sha256));
    } finally {
      unpin();
    }
  };
}

/** Undefined if the disk of this replica failed; the errors of the shared store show when it is read. */
function orRefused(error: unknown): undefined {
  if (error instanceof AppError && diskFailures.has(error.reason)) return undefined;
  throw error;
}
