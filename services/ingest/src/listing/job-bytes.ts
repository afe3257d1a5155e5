const prefixLength = "j2a-".length;
const idBytes = 17;

/** The versions of job ids, newest first. Ids of a later version sort after all ids of an earlier one. */
const versions = [2, 1] as const;

/** Returns the version of a job id and the 16 bytes of its UUID. They sort as the ids do. */
export function toBytes(jobId: string): Uint8Array {
  return Buffer.from(`0${jobId[1]}${jobId.slice(prefixLength).replaceAll("-", "")}`, "hex");
}

/** Reverses `toBytes`. */
export function toJobId(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  const parts = [hex.slice(2, 10), hex.slice(10, 14), hex.slice(14, 18), hex.slice(18, 22), hex.slice(22)];
  return `j${hex[1]}a-${parts.join("-")}`;
}

/** Ids from `from` (inclusive) to `to` (exclusive), as bytes. */
export type IdRange = { readonly from: Uint8Array; readonly to: Uint8Array };

/**
 * Returns the ranges of the ids that were created from `afterUnixMs` (inclusive) to `beforeUnixMs` (exclusive; 0: no bound) and sort
 * below `before` (empty: no bound), newest first. An id begins with its version and its time, so there is one range for each version.
 */
export function idRanges(afterUnixMs: number, beforeUnixMs: number, before: string): IdRange[] {
  const end = before === "" ? undefined : toBytes(before);
  return versions.flatMap((version) => {
    const from = firstId(version, afterUnixMs);
    const last = beforeUnixMs === 0 ? firstId(version + 1, 0) : firstId(version, beforeUnixMs);
    const to = end && Buffer.compare(end, last) < 0 ? end : last;
    return Buffer.compare(from, to) < 0 ? [{ from, to }] : [];
  });
}

const maxUnixMs = 2 ** 48 - 1;

function firstId(version: number, unixMs: number): Uint8Array {
  const bytes = Buffer.alloc(idBytes);
  bytes[0] = version;
  bytes.writeUIntBE(Math.min(unixMs, maxUnixMs), 1, 6);
  return bytes;
}
