import type { Evictor } from "./evictor.ts";
import { endLifetime, type LifetimeParts } from "./extend-blob.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import { readStat } from "./stored-blobs.ts";

/** Ends a job's need of some blobs, or (undefined) of all and its reservation. Returns how many blobs may be evicted now. */
export async function releaseBlobs(
  parts: LifetimeParts,
  locks: KeyedLock,
  evictor: Evictor,
  jobId: string,
  digests?: readonly string[],
): Promise<number> {
  const { holds, layout, capacity } = parts;
  let released = 0;
  for (const { sha256, untilMs } of holds.release(jobId, digests)) {
    const ended = await locks.run(sha256, async () => {
      const blob = await readStat(layout.blobPath(sha256), sha256);
      return blob && endLifetime(parts, blob, untilMs);
    });
    if (ended === undefined) continue;
    released += 1;
    evictor.offer(ended);
    if (digests !== undefined) capacity.giveBack(jobId, ended.sizeBytes);
  }
  if (digests === undefined) capacity.endReservation(jobId);
  return released;
}
