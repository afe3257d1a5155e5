import { hash } from "node:crypto";
import { inspectPicture, type PictureLimits } from "@pixelmesh/imaging";
import type { ImageInfo } from "@pixelmesh/proto";
import { LRUCache } from "lru-cache";

/** Inspects a picture by its header. Throws IMAGE_*. */
export type InspectPicture = (bytes: Uint8Array) => Promise<ImageInfo>;

/** Largest picture whose inspection is kept, in bytes: hashing it takes 30 µs, inspecting any picture takes 700. */
const maxKeptPictureBytes = 64 * 1024;
const maxKept = 2_000;

/** Creates an inspector that keeps the facts of the latest 2,000 small pictures by digest: one picture is often sent for several jobs. */
export function createInspector(limits: PictureLimits): InspectPicture {
  const kept = new LRUCache<string, ImageInfo>({ max: maxKept });
  return async (bytes) => {
    if (bytes.length > maxKeptPictureBytes) return inspectPicture(bytes, limits);
    const digest = hash("sha256", bytes, "hex");
    const known = kept.get(digest);
    if (known) return known;
    const info = await inspectPicture(bytes, limits);
    kept.set(digest, info);
    return info;
  };
}
