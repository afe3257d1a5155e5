import { readFile } from "node:fs/promises";
import type { AvailableModel, InferenceHost, ModelEntry, Tile } from "@pixelmesh/inference";

type Memory = ModelEntry["memory"];

/** Assumed if a peak cannot be measured: more than the measured light models need. */
const unknownBytesPerPixel = 4_000;

/**
 * Measures a model's memory in a host that has just started: what loading adds, and what a run adds at its peak for each pixel.
 * `measured` is false, and the latter an assumption, if the system does not report a process's peak.
 */
export async function measureMemory(
  host: InferenceHost,
  model: AvailableModel,
  tile: Tile,
  signal: AbortSignal,
): Promise<Memory & { readonly measured: boolean }> {
  const { memoryBeforeBytes, memoryAfterBytes } = await host.load(model, { signal });
  const residentBytes = Math.max(model.sizeBytes, memoryAfterBytes - memoryBeforeBytes);
  const { pid } = await host.describe();
  const before = await readPeak(pid);
  for (let again = 0; again < 2; again++) {
    await (model.task === "matte" ? host.runMatte(model, tile, { signal }) : host.runTile(model, tile, { signal }));
  }
  const after = await readPeak(pid);
  if (before === null || after === null) {
    return { residentBytes, bytesPerInputPixel: unknownBytesPerPixel, measured: false };
  }
  const grown = Math.max(0, after.peakBytes - before.residentBytes);
  const bytesPerInputPixel = Math.max(1, Math.ceil(grown / (tile.widthPx * tile.heightPx)));
  return { residentBytes, bytesPerInputPixel, measured: true };
}

/** Returns a process's resident memory and its high-water mark, from /proc/<pid>/status. */
async function readPeak(pid: number | null): Promise<{ residentBytes: number; peakBytes: number } | null> {
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * 1_024;
  const [residentBytes, peakBytes] = [read("VmRSS"), read("VmHWM")];
  return Number.isFinite(residentBytes) && Number.isFinite(peakBytes) ? { residentBytes, peakBytes } : null;
}
