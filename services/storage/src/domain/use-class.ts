/** How much a blob is used: `hot`, `warm` or `cold`. It sets how long the shared store keeps the blob after its last use. */
export type UseClass = "hot" | "warm" | "cold";

/** Uses of a blob. Times are Unix milliseconds. */
export type BlobUses = { readonly uses: number; readonly lastUseMs: number };

/** How long a blob of each class stays after its last use, in milliseconds. */
export type ClassTtls = Readonly<Record<UseClass, number>>;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Returns the class: hot with at least 3 uses or a use within the hour, warm with at least 2 or a use within the day, else cold. */
export function toUseClass({ uses, lastUseMs }: BlobUses, nowMs: number): UseClass {
  const idleMs = nowMs - lastUseMs;
  if (uses >= 3 || idleMs < hourMs) return "hot";
  return uses >= 2 || idleMs < dayMs ? "warm" : "cold";
}

/** Returns the time until which a blob stays because of its uses, in Unix milliseconds. */
export function toUsedUntilMs(blob: BlobUses, nowMs: number, ttls: ClassTtls): number {
  return blob.lastUseMs + ttls[toUseClass(blob, nowMs)];
}
