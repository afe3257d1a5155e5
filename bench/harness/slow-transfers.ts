/**
 * Moves blobs at a bounded speed each. Started by `storage-streams` with the address of storage and a list of transfers as JSON; prints the seconds of each
 * and ends.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BlobKind } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { connectBlobs } from "@pixelmesh/worker";

/** One transfer: how much in all, at most how many bytes a second, and the digest to read (empty: bytes are stored). */
export type SlowTransfer = {
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly sha256: string;
  readonly blobBytes: number;
};

const partBytes = 256 * 1024;

/** Waits until `moved` bytes may have been moved since `startMs`. */
async function pace(moved: number, bytesPerSecond: number, startMs: number): Promise<void> {
  const aheadMs = startMs + (moved / bytesPerSecond) * 1_000 - performance.now();
  if (aheadMs > 1) await sleep(aheadMs);
}

async function move(address: string, transfer: SlowTransfer): Promise<number> {
  const connection = connectRpc(address, { streamWindowBytes: 1024 * 1024 });
  const blobs = connectBlobs(connection);
  const { totalBytes, blobBytes, bytesPerSecond, sha256 } = transfer;
  const startMs = performance.now();
  let moved = 0;
  while (moved < totalBytes) {
    if (sha256 !== "") {
      const { parts } = await blobs.read(sha256, blobBytes);
      for await (const part of parts) {
        moved += part.length;
        await pace(moved, bytesPerSecond, startMs);
      }
      continue;
    }
    const base = moved;
    async function* parts() {
      for (let at = 0; at < blobBytes; at += partBytes) {
        await pace(base + at, bytesPerSecond, startMs);
        yield randomBytes(Math.min(partBytes, blobBytes - at));
      }
    }
    const retention = { kind: BlobKind.INPUT, jobId: "", keepUntilUnixMs: 0 };
    await blobs.put({ sizeBytes: blobBytes, isFile: true, parts }, "application/octet-stream", retention);
    moved += blobBytes;
  }
  connection.close();
  return (performance.now() - startMs) / 1_000;
}

const [address = "", transfers = "[]"] = process.argv.slice(2);
const seconds = await Promise.all((JSON.parse(transfers) as SlowTransfer[]).map((each) => move(address, each)));
console.log(JSON.stringify(seconds));
