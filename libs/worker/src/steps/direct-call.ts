import { AppError } from "@pixelmesh/errors";
import {
  assertOutputSize,
  type EncodedRaster,
  type FrameStore,
  openEncoded,
  ownRaster,
  type PictureLimits,
} from "@pixelmesh/imaging";
import { operationOf, resultSize, validateOperation } from "@pixelmesh/pipeline";
import { Encoding, type Notice, type PictureHeader, Priority, type Step } from "@pixelmesh/proto";
import { collectBytes, createSendQueue } from "@pixelmesh/rpc";
import { callInfo } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import { type AnyHandler, inputSizeOf } from "../step-handler.ts";
import { type DirectDownload, openDownload, placeContent } from "./direct-download.ts";
import { executeStep } from "./execute-step.ts";
import { decodeInSpan, encodeInSpan } from "./picture-spans.ts";

/** A call that runs one step on an uploaded picture, without a job. */
export type DirectRequest = {
  readonly handler: AnyHandler;
  readonly step: Step;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly encoding: Encoding | undefined;
  /** Default: the limits of the service. */
  readonly limits?: PictureLimits;
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
};

/** The encoded result of a direct call. Its bytes are charged to the downloads of the process until `download.release`. */
export type DirectResult = Omit<EncodedRaster, "content"> & {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly download: DirectDownload;
};

/**
 * Reads the upload, requests a slot as a job's step does, runs and encodes. A large result lies in `resultStore`; nothing is stored
 * in storage. Upload and pixels are released before this resolves.
 */
export async function runDirect(
  parts: WorkerParts,
  request: DirectRequest,
  resultStore: FrameStore,
): Promise<DirectResult> {
  validateOperation(operationOf(request.step), "operation");
  const { uploads, downloads } = parts.transfers;
  const { maxBytes } = request.limits ?? parts.limits;
  const share = uploads.open();
  const frameStore = parts.scratch.openFrameStore();
  let encoded: Awaited<ReturnType<typeof runAndEncode>>;
  try {
    const bytes = await collectBytes(request.chunks, { maxBytes, share });
    encoded = await runAndEncode(parts, bytes, request, frameStore, resultStore);
    // All memory of the upload, which may be longer than its bytes.
    frameStore.own(new Uint8Array(bytes.buffer));
    await frameStore.end();
  } finally {
    share.release();
    await frameStore.close();
  }
  const { placed, ...description } = encoded;
  return { ...description, download: await openDownload(placed, downloads, request.signal) };
}

async function runAndEncode(
  parts: WorkerParts,
  bytes: Uint8Array,
  request: DirectRequest,
  frameStore: FrameStore,
  resultStore: FrameStore,
) {
  const { handler, step, signal, limits = parts.limits } = request;
  const input = await openEncoded(bytes, limits);
  const { info } = input;
  const planned = resultSize(operationOf(step), info, []);
  assertOutputSize(planned.widthPx, planned.heightPx, limits);
  const notices: Notice[] = [];
  const work = {
    handler,
    step,
    sizes: [info],
    limits,
    frameStore,
    async loadInputs(loading: { readonly frameStore: FrameStore }) {
      const decoded = await decodeInSpan(input, loading.frameStore, inputSizeOf(handler, step, info));
      notices.push(...decoded.notices);
      return [decoded.raster];
    },
  };
  const onProgress = request.onProgress ?? (() => {});
  const { outcome } = await executeStep(parts, work, directAccount(), { signal, onProgress });
  const encoded = await encodeInSpan(outcome.frame, request.encoding ?? Encoding.create(), limits, resultStore);
  const { widthPx, heightPx } = outcome.frame;
  ownRaster(frameStore, outcome.frame);
  notices.push(...(outcome.notices ?? []), ...encoded.notices);
  // Placed here, where the reference to the content ends: a caller that waits must not hold it in memory.
  const placed = await placeContent(encoded.content, resultStore, parts.transfers.downloads);
  return { placed, format: encoded.format, notices, widthPx, heightPx, confidence: outcome.confidence };
}

/** Tenant and deadline of the current call, for a slot without a job. Throws INTERNAL if the call has no deadline. */
export function directAccount() {
  const { deadlineUnixMs, tenant } = callInfo();
  if (deadlineUnixMs === undefined) throw new AppError("INTERNAL", "A direct call has no deadline");
  return { jobId: "", tenant: tenant ?? "default", priority: Priority.INTERACTIVE, deadlineUnixMs };
}

/** A part of the response to a direct call. */
export type DirectPart =
  | { readonly $case: "progress"; readonly value: number }
  | { readonly $case: "header"; readonly value: PictureHeader }
  | { readonly $case: "chunk"; readonly value: Uint8Array };

/** Runs a direct call and yields its response: progress while it runs, then the header and the bytes of the result. */
export async function* streamDirect(
  parts: WorkerParts,
  request: Omit<DirectRequest, "onProgress">,
): AsyncGenerator<DirectPart, void, undefined> {
  const progress = createSendQueue<number>(16);
  const resultStore = parts.scratch.openFrameStore();
  const running = runDirect(parts, { ...request, onProgress: progress.push }, resultStore).finally(progress.end);
  running.catch(() => {});
  try {
    for await (const value of progress) yield { $case: "progress", value };
    const { download, ...header } = await running;
    yield { $case: "header", value: { ...header, sizeBytes: download.sizeBytes } };
    for await (const value of download.chunks()) yield { $case: "chunk", value };
    await resultStore.end();
  } finally {
    // The run may outlive a caller that has left; its files are removed after it has ended.
    await running.then(({ download }) => download.release()).catch(() => {});
    await resultStore.close();
  }
}
