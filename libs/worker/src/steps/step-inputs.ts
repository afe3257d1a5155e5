import { hash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import {
  FRAME_MEDIA_TYPE,
  isFrameFile,
  openEncoded,
  ownRaster,
  type PictureLimits,
  type Raster,
  readFrameBlob,
} from "@pixelmesh/imaging";
import type { Notice, StepInput, WorkItem } from "@pixelmesh/proto";
import { withSpan } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import type { InputSize, PictureSize } from "../step-handler.ts";
import { decodeInSpan } from "./picture-spans.ts";
import { beginningKeys, type SharedBeginnings, toSharedBeginnings } from "./shared-beginnings.ts";
import type { LoadPicture, PictureUse } from "./shared-pictures.ts";

const frameHeaderBytes = 1024;

/** The pictures that one step takes. */
export type StepInputs = {
  /** Loads them, or waits for other steps of the job that load the same ones. */
  load(loading: { readonly signal: AbortSignal }): Promise<readonly Raster[]>;
  /** Notices of their decoding, once they are loaded. */
  notices(): readonly Notice[];
  /** The run begins: see `PictureUse.begin`. */
  begin(): void;
  /** The beginnings of its chain that the step shares with others, while it uses its first picture; undefined if there are none. */
  beginnings(): SharedBeginnings | undefined;
  /** Whether the raster is one of the inputs: a step may return its input unchanged. */
  include(raster: Raster): boolean;
  /** The run has ended well: releases the inputs, except one that is the result. */
  release(result: Raster): Promise<void>;
  /** Releases all. `hasEndedWell`: nothing can still read them. */
  close(hasEndedWell: boolean): Promise<void>;
};

/** What tells how pictures are loaded. */
export type InputOptions = {
  /** The size at which the step wants an input; undefined for the input's own. */
  readonly sizeOf: (input: PictureSize) => InputSize | undefined;
  /** The job's limits. */
  readonly limits: PictureLimits;
};

/** Opens the inputs of a step: frames as they are, other blobs decoded. Steps of one job share a picture that they use at the same time. */
export function openStepInputs(
  { blobs, pictures }: Pick<WorkerParts, "blobs" | "pictures">,
  item: WorkItem,
  { sizeOf, limits }: InputOptions,
): StepInputs {
  const keys = beginningKeys(item);
  let uses: readonly PictureUse[] = [];
  let rasters: readonly Raster[] = [];
  let notices: readonly Notice[] = [];

  function loaderOf(input: StepInput): LoadPicture {
    const { blob } = input;
    if (!blob) throw new AppError("MALFORMED_MESSAGE", "The work item has an input without a blob");
    return (frameStore, signal) =>
      withSpan("load picture", {}, async () => {
        if (blob.mediaType === FRAME_MEDIA_TYPE) {
          const maxBytes = limits.maxOutputPixels * 4 + frameHeaderBytes;
          const { parts, sizeBytes } = await blobs.read(blob.sha256, maxBytes, signal);
          const raster = await readFrameBlob(parts, sizeBytes, frameStore);
          ownRaster(frameStore, raster);
          return { raster, notices: [] };
        }
        const bytes = contentOfInput(input) ?? (await blobs.get(blob, limits.maxBytes, signal));
        const decoded = await decodeInSpan(await openEncoded(bytes, limits), frameStore, sizeOf(input));
        frameStore.own(bytes);
        return decoded;
      });
  }

  function keyOf(input: StepInput): string {
    const { widthPx, heightPx } = sizeOf(input) ?? { widthPx: 0, heightPx: 0 };
    const { sha256, mediaType } = input.blob ?? { sha256: "", mediaType: "" };
    return JSON.stringify([item.tenant, item.jobId, sha256, mediaType, widthPx, heightPx]);
  }

  const isOf = (raster: Raster) => (other: Raster) =>
    isFrameFile(raster)
      ? isFrameFile(other) && other.path === raster.path
      : !isFrameFile(other) && other.data.buffer === raster.data.buffer;

  return {
    async load({ signal }) {
      const loaders = item.inputs.map((input) => ({ key: keyOf(input), load: loaderOf(input) }));
      // All at once, before anything is awaited, so that steps that begin at the same time find each other's pictures.
      uses = loaders.map(({ key, load }, at) => pictures.use(key, load, signal, at === 0 ? [...keys.values()] : []));
      const loaded = await Promise.all(uses.map((use) => use.loaded));
      notices = loaded.flatMap((picture) => picture.notices);
      rasters = loaded.map(({ raster }) => raster);
      return rasters;
    },
    notices: () => notices,
    begin() {
      for (const use of uses) use.begin();
    },
    beginnings() {
      const [first] = uses;
      return first && keys.size > 0 ? toSharedBeginnings(keys, first.derived) : undefined;
    },
    include: (raster) => rasters.some(isOf(raster)),
    async release(result) {
      const isResult = isOf(result);
      const ended = uses.filter((_, at) => !isResult(rasters[at] as Raster));
      // A result may wait long for storage. Meanwhile nothing here refers to the other pictures.
      uses = uses.filter((use) => !ended.includes(use));
      rasters = rasters.filter(isResult);
      await Promise.all(ended.map((use) => use.end(true)));
    },
    async close(hasEndedWell) {
      const ended = uses;
      uses = [];
      rasters = [];
      await Promise.all(ended.map((use) => use.end(hasEndedWell)));
    },
  };
}

/** Returns the bytes that came with an input; undefined if none came or they do not have the digest of its blob. */
function contentOfInput({ blob, content }: StepInput): Uint8Array | undefined {
  return content.length > 0 && hash("sha256", content, "hex") === blob?.sha256 ? content : undefined;
}
