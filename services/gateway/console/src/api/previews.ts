import { request } from "./request.ts";
import type { Effect } from "./types.ts";

/** Longer sides of previews: fast 300 px, balanced 500 px, high 800 px. */
export const previewModes = ["fast", "balanced", "high"] as const;

/** One of previewModes. */
export type PreviewMode = (typeof previewModes)[number];

/** A preview and how it was made. */
export type Preview = {
  readonly picture: Blob;
  readonly cached: boolean;
  /** Memory of the mesh for it, an estimate; 0: not known. */
  readonly memoryBytes: number;
};

// One view of one page: a newer preview of it cancels the older one in the mesh.
const viewer = `console-${crypto.randomUUID()}`;

/** Returns a small preview of effects on a stored picture. BLOB_NOT_FOUND if the mesh no longer has the picture. */
export async function fetchPreview(
  sha256: string,
  effects: readonly Effect[],
  mode: PreviewMode,
  signal: AbortSignal,
): Promise<Preview> {
  const json = { sha256, effects, mode, viewer };
  const response = await request("/v1/previews", { method: "POST", json, signal });
  return {
    picture: await response.blob(),
    cached: response.headers.get("x-pixelmesh-cached") === "true",
    memoryBytes: Number(response.headers.get("x-pixelmesh-memory-bytes") ?? 0),
  };
}
