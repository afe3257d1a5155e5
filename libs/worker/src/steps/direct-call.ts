import { AppError } from "@pixelmesh/errors";
import {
  assertOutputSize,
  decodeRaster,
  type EncodedRaster,
  encodeRaster,
  inspectPicture,
  type PictureLimits,
  type Room,
} from "@pixelmesh/imaging";
import { operationOf, resultSize } from "@pixelmesh/pipeline";
import { Encoding, type Notice, type PictureHeader, Priority, type Step } from "@pixelmesh/proto";
import { collectBytes, createOutbox } from "@pixelmesh/rpc";
import { callFacts } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import type { AnyHandler } from "../step-handler.ts";
import { type HeldAnswer, holdAnswer, placeAnswer } from "./direct-result.ts";
import { executeStep } from "./execute-step.ts";

/** A call that does one step on an uploaded picture, without a job. */
export type DirectRequest = {
  readonly handler: AnyHandler;
  readonly step: Step;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly encoding: Encoding | undefined;
  /** Default: those of the service. */
  readonly limits?: PictureLimits;
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
};

/** The encoded result of a direct call. Its bytes are charged to the downloads of the process until they are released. */
export type DirectResult = Omit<EncodedRaster, "content"> & {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly answer: HeldAnswer;
};

/**
 * Reads the upload, takes a slot as a job's step would, runs, encodes. Large results lie in `answerRoom`; nothing is stored. Upload
 * and pixels are let go before this returns.
 */
export async function runDirect(parts: WorkerParts, request: DirectRequest, answerRoom: Room): Promise<DirectResult> {
  const { uploads, downloads } = parts.transfers;
  const { maxBytes } = request.limits ?? parts.limits;
  const share = uploads.open();
  const room = parts.scratch.openRoom();
  let encoded: Awaited<ReturnType<typeof runOn>>;
  try {
    const bytes = await collectBytes(request.chunks, { maxBytes, share });
    encoded = await runOn(parts, bytes, request, { room, answerRoom });
  } finally {
    share.release();
    await room.close();
  }
  const { placed, ...facts } = encoded;
  return { ...facts, answer: await holdAnswer(placed, downloads, request.signal) };
}

async function runOn(
  parts: WorkerParts,
  bytes: Uint8Array,
  request: DirectRequest,
  { room, answerRoom }: { readonly room: Room; readonly answerRoom: Room },
) {
  const { handler, step, signal, limits = parts.limits } = request;
  const info = await inspectPicture(bytes, limits);
  const planned = resultSize(operationOf(step), info);
  assertOutputSize(planned.widthPx, planned.heightPx, limits);
  const notices: Notice[] = [];
  const { deadlineUnixMs, tenant } = callFacts();
  if (deadlineUnixMs === undefined) throw new AppError("INTERNAL", "A direct call has no deadline");
  const { outcome } = await executeStep(parts, {
    handler,
    step,
    sizes: [info],
    limits,
    room,
    async loadInputs({ room }) {
      const decoded = await decodeRaster(bytes, limits, room);
      notices.push(...decoded.notices);
      return [decoded.raster];
    },
    jobId: "",
    tenant: tenant ?? "default",
    priority: Priority.INTERACTIVE,
    deadlineUnixMs,
    signal,
    onProgress: request.onProgress ?? (() => {}),
  });
  const {
    content,
    format,
    notices: encodingNotices,
  } = await encodeRaster(outcome.frame, request.encoding ?? Encoding.create(), limits, answerRoom);
  const { widthPx, heightPx } = outcome.frame;
  notices.push(...(outcome.notices ?? []), ...encodingNotices);
  // Placed here, where the content is let go: a caller that waits must not keep it in memory.
  const placed = await placeAnswer(content, answerRoom, parts.transfers.downloads);
  return { placed, format, notices, widthPx, heightPx };
}

/** A part of the answer to a direct call. */
export type DirectPart =
  | { readonly $case: "progress"; readonly value: number }
  | { readonly $case: "header"; readonly value: PictureHeader }
  | { readonly $case: "chunk"; readonly value: Uint8Array };

/** A direct call as the stream it answers: progress while it runs, then the header and the bytes of the result. */
export async function* streamDirect(
  parts: WorkerParts,
  request: Omit<DirectRequest, "onProgress">,
): AsyncGenerator<DirectPart, void, undefined> {
  const progress = createOutbox<number>(16);
  const room = parts.scratch.openRoom();
  const running = runDirect(parts, { ...request, onProgress: progress.push }, room).finally(progress.end);
  running.catch(() => {});
  try {
    for await (const value of progress) yield { $case: "progress", value };
    const { answer, format, widthPx, heightPx, notices } = await running;
    yield { $case: "header", value: { format, widthPx, heightPx, sizeBytes: answer.sizeBytes, notices } };
    for await (const value of answer.chunks()) yield { $case: "chunk", value };
  } finally {
    // A caller that has left does not end the run at once: its files go when it has.
    await running.then(({ answer }) => answer.release()).catch(() => {});
    await room.close();
  }
}
