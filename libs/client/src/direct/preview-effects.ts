import { expected } from "@pixelmesh/errors";
import {
  type ApplyEffectsOperation,
  type EffectsServiceDefinition,
  Encoding,
  type PictureHeader,
  type PreviewEffectsResponse,
  PreviewMode,
} from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc/client";
import type { CallOptions } from "../call-options.ts";
import { createDirectUpload } from "./direct-upload.ts";

/** The picture of a preview: its bytes, the digest of a picture that the tenant has sent or its jobs have made, or an output of a job. */
export type PreviewSource =
  | Uint8Array
  /** 64 lower-case hex digits. */
  | { readonly sha256: string }
  /** Default: the only or the first output. */
  | { readonly jobId: string; readonly output?: string };

/** What a preview shows. */
export type PreviewRequest = {
  readonly source: PreviewSource;
  readonly effects: ApplyEffectsOperation["effects"];
  /** The longer side: FAST 300, BALANCED 500, HIGH 800 px. Default FAST. Not together with `maxSidePx`. */
  readonly mode?: PreviewMode;
  /** The longer side in pixels, 16 to 1024. A smaller picture keeps its size. */
  readonly maxSidePx?: number;
  readonly encoding?: Partial<Encoding>;
  /** The view that asks, at most 64 characters. A newer preview in it of the same source cancels the older one (CANCELLED). */
  readonly viewer?: string;
};

/** A preview, small enough for one message. */
export type Preview = {
  readonly header: PictureHeader;
  readonly bytes: Uint8Array;
  /** The digest of the source: `{ sha256 }` names it in later previews for some minutes, without its bytes. */
  readonly sourceSha256: string;
  /** Whether the mesh had the preview already. */
  readonly isCached: boolean;
  /** Memory of the mesh for this preview in bytes, an estimate; 0: not known. Of one that the mesh had already: what it takes. */
  readonly memoryBytes: number;
};

/** Most bytes of a picture in one message; a larger one is sent as a stream. */
const maxMessagePictureBytes = 3 * 1024 * 1024;

/**
 * Makes one preview; `call.timeoutMs` is its time in milliseconds. Throws INVALID_ARGUMENT, UNKNOWN_EFFECT, IMAGE_*, BLOB_NOT_FOUND for an unknown
 * digest, and JOB_NOT_FOUND or OUTPUT_* for an output.
 */
export async function previewEffects(
  rpc: RpcClient<EffectsServiceDefinition>,
  { source, effects, mode, maxSidePx = 0, encoding, viewer = "" }: PreviewRequest,
  call: CallOptions & { readonly timeoutMs?: number },
): Promise<Preview> {
  const view = {
    operation: { effects },
    maxSidePx,
    mode: mode ?? PreviewMode.UNSPECIFIED,
    viewer,
    encoding: encoding && Encoding.fromPartial(encoding),
  };
  if (source instanceof Uint8Array && source.length > maxMessagePictureBytes)
    return toPreview(await rpc.previewPicture(createDirectUpload(view, source).requests, call));
  return toPreview(await rpc.previewEffects({ ...view, ...toNamedSource(source) }, call));
}

function toNamedSource(source: PreviewSource) {
  if (source instanceof Uint8Array) return { picture: source };
  if (typeof source === "object" && source !== null) {
    if ("sha256" in source) return { sha256: source.sha256 };
    if ("jobId" in source) return { jobOutput: { jobId: source.jobId, name: source.output ?? "" } };
  }
  throw expected("source", "bytes, { sha256 } or { jobId, output }", typeof source);
}

function toPreview({ header, picture, sourceSha256, cached, memoryBytes }: PreviewEffectsResponse): Preview {
  if (!header) throw new TypeError("A preview has a header");
  return { header, bytes: picture, sourceSha256, isCached: cached, memoryBytes };
}
