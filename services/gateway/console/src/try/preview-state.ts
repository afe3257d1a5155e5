import { effect, signal } from "@preact/signals";
import { ApiError, isAbortError } from "../api/api-error.ts";
import { fetchPreview, type Preview, type PreviewMode } from "../api/previews.ts";
import type { Effect } from "../api/types.ts";
import { toEffects } from "../pipeline/to-pipeline.ts";
import { createLatest } from "../state/latest.ts";
import { catalogue, previewedEffects } from "./draft-state.ts";
import { activePicture, forgetStored, storePicture, type TryPicture } from "./pictures.ts";

/** A preview that is shown. */
export type ShownPreview = {
  readonly pictureKey: number;
  /** An object URL. */
  readonly url: string;
  /** From the request to the decoded picture. */
  readonly ms: number;
  readonly cached: boolean;
  /** Memory of the mesh for it; 0: not known. */
  readonly memoryBytes: number;
};

/** Size of the previews. */
export const previewMode = signal<PreviewMode>("fast");

/** The newest preview; undefined without effects. */
export const preview = signal<ShownPreview | undefined>(undefined);

/** Why the newest preview failed. */
export const previewError = signal<unknown>(undefined);

type Wanted = { readonly picture: TryPicture; readonly effects: readonly Effect[]; readonly mode: PreviewMode };

/** A preview that takes longer is aborted for a newer one. */
const maxAgeMs = 100;

const latest = createLatest(showPreview, maxAgeMs);

/** Makes a preview for each change of the picture, the effects and the mode, from now on. Returns what stops it. */
export function startPreviews(): () => void {
  const end = effect(() => {
    const picture = activePicture.value;
    const effects = toEffects(previewedEffects.value, catalogue.value);
    const mode = previewMode.value;
    if (picture && effects.length > 0) latest.push({ picture, effects, mode });
    else {
      latest.stop();
      setPreview(undefined);
      previewError.value = undefined;
    }
  });
  return () => {
    end();
    latest.stop();
  };
}

async function showPreview(wanted: Wanted, signal: AbortSignal): Promise<void> {
  try {
    const startMs = performance.now();
    const { picture, cached, memoryBytes } = await fetchStored(wanted, signal);
    const url = URL.createObjectURL(picture);
    await decodePicture(url);
    if (signal.aborted) {
      URL.revokeObjectURL(url);
      return;
    }
    setPreview({ pictureKey: wanted.picture.key, url, ms: performance.now() - startMs, cached, memoryBytes });
    previewError.value = undefined;
  } catch (error) {
    // The mesh cancels a preview for a newer one of the same viewer.
    const isReplaced = isAbortError(error) || (error instanceof ApiError && error.reason === "CANCELLED");
    if (!isReplaced && !signal.aborted) previewError.value = error;
  }
}

/** Sends the picture if the mesh does not have it, then asks for the preview by its digest. */
async function fetchStored({ picture, effects, mode }: Wanted, signal: AbortSignal): Promise<Preview> {
  const { sha256 } = await storePicture(picture);
  try {
    return await fetchPreview(sha256, effects, mode, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "BLOB_NOT_FOUND") throw error;
    forgetStored(picture);
    const again = await storePicture(picture);
    return fetchPreview(again.sha256, effects, mode, signal);
  }
}

// A picture that is decoded before it is shown does not flicker.
async function decodePicture(url: string): Promise<void> {
  const image = new Image();
  image.src = url;
  await image.decode();
}

function setPreview(shown: ShownPreview | undefined): void {
  const old = preview.peek();
  preview.value = shown;
  // The old one is shown until the page has drawn the new one.
  if (old) setTimeout(() => URL.revokeObjectURL(old.url), 1_000);
}
