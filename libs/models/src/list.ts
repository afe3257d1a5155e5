import { AppError } from "@pixelmesh/errors";
import { loadRegistry, type ModelTask } from "@pixelmesh/inference";
import { toSource } from "./source.ts";

/** A model of the manifests, for a list that people read. */
export type Listing = {
  readonly name: string;
  readonly task: ModelTask;
  readonly scale: number;
  readonly state: "here" | "refused" | "missing";
  /** Why it cannot be used; empty if it can. */
  readonly why: string;
  readonly path: string | null;
  /** Of the available file, else of the entry; null if unknown. */
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
  /** Whether the entry pins the sha256. */
  readonly pinned: boolean;
  /** Whether `pullModel` knows where to download it. */
  readonly downloadable: boolean;
  /** Why it cannot be downloaded; empty if it can. */
  readonly notDownloadable: string;
  readonly sourceUrl: string | null;
  readonly licence: string;
  readonly isDefault: boolean;
  readonly workClass: string;
  readonly haloPx: number;
};

/** Lists the models of these directories' manifests, available or not. Needs no mesh. */
export async function listModels(dirs: readonly string[]): Promise<readonly Listing[]> {
  const registry = await loadRegistry({ dirs });
  return registry.list().map(({ entry, available, refused, unavailableReason, isDefault }) => {
    const { name, task, scale, sourceUrl, licence, workClass, haloPx } = entry;
    const notDownloadable = whyNot(() => toSource(entry));
    return {
      name,
      task,
      scale,
      state: available ? "here" : refused ? "refused" : "missing",
      why: unavailableReason,
      path: available?.path ?? null,
      sizeBytes: available?.sizeBytes ?? entry.sizeBytes,
      sha256: available?.digest ?? entry.sha256,
      pinned: entry.sha256 !== null,
      downloadable: notDownloadable === "",
      notDownloadable,
      sourceUrl,
      licence,
      isDefault,
      workClass,
      haloPx,
    };
  });
}

function whyNot(act: () => unknown): string {
  try {
    act();
    return "";
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}
