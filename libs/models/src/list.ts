import type { Env } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import { loadRegistry, type ModelSource, type ModelTask } from "@pixelmesh/inference";
import { isPinned } from "./pull.ts";
import { toSources } from "./sources/source.ts";

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
  /** Whether the manifest has the sha256 of the available file; without a file, whether it has one. */
  readonly pinned: boolean;
  /** Whether `pullModel` knows where to download it. */
  readonly downloadable: boolean;
  /** Why it cannot be downloaded; empty if it can. */
  readonly notDownloadable: string;
  /** Where its publisher has it. */
  readonly sourceUrl: string | null;
  /** Where `pullModel` finds the file, if the entry names sources. */
  readonly sources: readonly ModelSource[];
  readonly licence: string;
  /** Doubts about the licence of the weights; null if none is known. */
  readonly licenceNote: string | null;
  /** What the weights were trained on; null if it is not known. */
  readonly trainedOn: string | null;
  /** Whether it is used where a request names no model. */
  readonly isDefault: boolean;
  /** Whether the manifest prefers it for its task and scale, available or not. */
  readonly isPreferred: boolean;
  readonly workClass: string;
  readonly haloPx: number;
};

/** Lists the models of these directories' manifests, available or not. `env` may choose sources. Needs no mesh. */
export async function listModels(dirs: readonly string[], env: Env): Promise<readonly Listing[]> {
  const registry = await loadRegistry({ dirs });
  return registry.list().map(({ entry, available, refused, unavailableReason, isDefault }) => {
    const { name, task, scale, sourceUrl, sources, licence, licenceNote, trainedOn, workClass, haloPx } = entry;
    const notDownloadable = whyNot(() => toSources(entry, env));
    return {
      name,
      task,
      scale,
      state: available ? "here" : refused ? "refused" : "missing",
      why: unavailableReason,
      path: available?.path ?? null,
      sizeBytes: available?.sizeBytes ?? entry.sizeBytes ?? sources[0]?.sizeBytes ?? null,
      sha256: available?.digest ?? entry.sha256 ?? sources[0]?.sha256 ?? null,
      pinned: isPinned(entry, available?.digest ?? sources[0]?.sha256 ?? ""),
      downloadable: notDownloadable === "",
      notDownloadable,
      sourceUrl,
      sources,
      licence,
      licenceNote,
      trainedOn,
      isDefault,
      isPreferred: entry.default,
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
