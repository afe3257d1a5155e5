import {
  type ApplyEffectsOperation,
  BackgroundServiceDefinition,
  EffectsServiceDefinition,
  Encoding,
  type ImageInfo,
  IngestServiceDefinition,
  type PrescaleOperation,
  type RemoveBackgroundOperation,
  type ReplaceBackgroundOperation,
  UpscaleOperation,
  UpscaleServiceDefinition,
} from "@pixelmesh/proto";
import type { RpcConnection } from "@pixelmesh/rpc/client";
import type { CallOptions } from "../call-options.ts";
import type { Cancellation } from "../cancellation.ts";
import { callWithRetries } from "../retry.ts";
import { type DirectResult, readDirectResult } from "./direct-result.ts";
import { createDirectUpload, type DirectPicture, type DirectUpload } from "./direct-upload.ts";
import { createLatestPreviews } from "./latest-previews.ts";
import { type Preview, type PreviewRequest, previewEffects } from "./preview-effects.ts";

/** Options of a direct call. */
export type DirectOptions = CallOptions & {
  /** Format and quality of the result; missing fields have the contract's default. */
  readonly encoding?: Partial<Encoding>;
  /** Time for the whole call in milliseconds, with retries, upload and download; default 15 min, which is also the longest. */
  readonly timeoutMs?: number;
  /** Called with the progress, 0 to 1, which never falls. */
  readonly onProgress?: (fraction: number) => void;
};

/**
 * Calls that process one picture without a job. Nothing is stored. Each resolves when the result begins, and its bytes are read as chunks. Retried
 * while the mesh does not answer or is full (QUEUE_FULL), until the result begins. All throw IMAGE_* for a picture that cannot be used,
 * INVALID_ARGUMENT with the field, and SERVICE_UNAVAILABLE with the service if no process of it answers.
 */
export type DirectCalls = {
  /** Applies effects one after the other. Throws UNKNOWN_EFFECT. */
  applyEffects(
    picture: DirectPicture,
    operation: ApplyEffectsOperation,
    options?: DirectOptions,
  ): Promise<DirectResult>;
  /** Enlarges the picture. `maxOutputPixels`: a larger result is refused (OUTPUT_TOO_LARGE). Throws UNKNOWN_MODEL, MODEL_UNAVAILABLE. */
  upscale(
    picture: DirectPicture,
    operation: Parameters<typeof UpscaleOperation.fromPartial>[0],
    options?: DirectOptions & { readonly maxOutputPixels?: number },
  ): Promise<DirectResult>;
  /** Cuts out the foreground. `replace`: the new background. Throws UNKNOWN_MODEL, MODEL_UNAVAILABLE. */
  removeBackground(
    picture: DirectPicture,
    operation?: Partial<RemoveBackgroundOperation>,
    options?: DirectOptions & { readonly replace?: ReplaceBackgroundOperation },
  ): Promise<DirectResult>;
  /** Shrinks the picture to bounds in pixels; never enlarges it. */
  prescale(
    picture: DirectPicture,
    operation: Partial<PrescaleOperation>,
    options?: Omit<DirectOptions, "onProgress">,
  ): Promise<DirectResult>;
  /** Resolves to the properties that the picture's header tells: format, size in pixels, channels. */
  inspect(picture: DirectPicture, options?: Pick<DirectOptions, "signal" | "timeoutMs">): Promise<ImageInfo>;
  /**
   * Resolves to a small preview of effects, in memory; lengths in px are scaled with the picture. Bytes of over 3 MiB are sent as a stream. Throws
   * UNKNOWN_EFFECT, BLOB_NOT_FOUND for a digest that the tenant may not name or that is no longer stored, JOB_NOT_FOUND and OUTPUT_* for an
   * output, and CANCELLED once a newer preview of the same viewer and source has replaced it.
   */
  previewEffects(request: PreviewRequest, options?: Pick<DirectOptions, "signal" | "timeoutMs">): Promise<Preview>;
};

/** A call with one upload. */
type Upload<H, T> = { readonly header: H; readonly picture: DirectPicture; readonly run: Run<H, T> };
type Run<H, T> = (
  requests: DirectUpload<H>["requests"],
  call: { signal: AbortSignal; timeoutMs: number },
) => Promise<T>;

const longestCallMs = 15 * 60_000;

/** Creates the direct calls over one connection. */
export function createDirectCalls(
  connection: RpcConnection,
  retryTimeoutMs: number,
  cancellation: Cancellation,
): DirectCalls {
  const effects = connection.client(EffectsServiceDefinition);
  const upscale = connection.client(UpscaleServiceDefinition);
  const background = connection.client(BackgroundServiceDefinition);
  const ingest = connection.client(IngestServiceDefinition);
  const latestPreviews = createLatestPreviews();

  function retried<T>(
    { signal: given, timeoutMs = longestCallMs }: DirectOptions,
    run: (call: { signal: AbortSignal; timeoutMs: number }) => Promise<T>,
    isFinal: () => unknown = () => undefined,
  ): Promise<T> {
    const untilMs = performance.now() + timeoutMs;
    return cancellation.call(given ? { signal: given } : {}, (signal) => {
      let failure: unknown;
      const attempt = () =>
        run({ signal, timeoutMs: Math.max(1, untilMs - performance.now()) }).catch((error: unknown) => {
          failure = isFinal();
          throw failure ?? error;
        });
      return callWithRetries(attempt, { retryTimeoutMs: Math.min(retryTimeoutMs, timeoutMs), signal });
    });
  }

  function uploaded<H, T>(options: DirectOptions, { header, picture, run }: Upload<H, T>): Promise<T> {
    const upload = createDirectUpload(header, picture);
    return retried(options, (call) => run(upload.requests, call), upload.failure);
  }

  async function resultOf<H>(
    options: DirectOptions,
    header: H,
    picture: DirectPicture,
    start: (...args: Parameters<Run<H, never>>) => Parameters<typeof readDirectResult>[0],
  ): Promise<DirectResult> {
    let reached = -1;
    const onProgress = (fraction: number) => {
      if (fraction <= reached) return;
      reached = fraction;
      options.onProgress?.(fraction);
    };
    // Ends the call in the mesh when its chunks are returned before they are read: a generator that has not begun ends without its `finally`.
    const unread = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, unread.signal]) : unread.signal;
    const run: Run<H, DirectResult> = (requests, call) => readDirectResult(start(requests, call), onProgress);
    const { header: description, chunks } = await uploaded({ ...options, signal }, { header, picture, run });
    const read = cancellation.iterate(options.signal ? { signal: options.signal } : {}, () => chunks);
    const end = read.return.bind(read);
    read.return = (value) => {
      unread.abort();
      return end(value);
    };
    return { header: description, chunks: read };
  }

  const toEncoding = ({ encoding }: DirectOptions) => encoding && Encoding.fromPartial(encoding);

  return {
    applyEffects: (picture, operation, options = {}) =>
      resultOf(options, { operation, encoding: toEncoding(options) }, picture, effects.applyEffects),
    upscale(picture, operation, options = {}) {
      const { maxOutputPixels = 0 } = options;
      const header = {
        operation: UpscaleOperation.fromPartial(operation),
        encoding: toEncoding(options),
        maxOutputPixels,
      };
      return resultOf(options, header, picture, upscale.upscaleImage);
    },
    removeBackground(picture, operation = {}, options = {}) {
      const { replace } = options;
      const header = { operation: { model: "", ...operation }, replace, encoding: toEncoding(options) };
      return resultOf(options, header, picture, background.removeBackground);
    },
    prescale(picture, operation, options = {}) {
      const header = { operation: { maxSidePx: 0, maxPixels: 0, ...operation }, encoding: toEncoding(options) };
      return resultOf(options, header, picture, ingest.prescaleImage);
    },
    inspect: (picture, options = {}) =>
      uploaded(options, {
        header: undefined,
        picture,
        async run(requests, call) {
          async function* chunks() {
            for await (const { part } of requests) if (part.$case === "chunk") yield { chunk: part.value };
          }
          const { info } = await ingest.inspectImage(chunks(), call);
          if (!info) throw new TypeError("An inspection has properties");
          return info;
        },
      }),
    async previewEffects(request, options = {}) {
      const begun = latestPreviews.begin(request);
      let tries = 0;
      try {
        return await retried(options, async (call) => {
          if (tries++ > 0) begun.assertLatest();
          return await previewEffects(effects, request, call);
        });
      } finally {
        begun.end();
      }
    },
  };
}
