import { AppError } from "@pixelmesh/errors";
import { discardRaster, type FrameStore, openEncoded, type PictureLimits, type Raster } from "@pixelmesh/imaging";
import type { ImageInfo, Notice } from "@pixelmesh/proto";
import { providerFailure } from "../providers/provider-failure.ts";
import { describeOutput, findPictures, maxPictures, type PictureReference } from "./find-pictures.ts";
import type { ResultSource } from "./result-source.ts";

/** A picture of an answer, decoded. */
export type OutputPicture = {
  /** Its place in the answer, from 1. */
  readonly index: number;
  readonly raster: Raster;
  readonly info: ImageInfo;
  readonly notices: readonly Notice[];
};

/** Options of `readOutput`. */
export type ReadOutputOptions = {
  readonly source: ResultSource;
  /** Of the job. A picture of an answer is a result, so `maxOutputPixels` holds for it. */
  readonly limits: PictureLimits;
  readonly frameStore: FrameStore;
  readonly signal: AbortSignal;
  /** Reads only this picture, from 1. Without it all are read. */
  readonly result?: number;
};

/** Pictures that are fetched and decoded at once. */
const maxAtOnce = 4;

/**
 * Reads the pictures of a provider's output, in its order: finds them (`findPictures`), fetches at most 4 at once under the guard of the provider, checks their
 * type by their content, and decodes them within the limits. Throws PROVIDER_FAILED for an output without pictures or with bytes that are none, OUTPUT_TOO_LARGE
 * above a limit, URL_NOT_ALLOWED for a host that the manifest does not list, and the signal's reason. If one picture fails, none is returned or kept.
 */
export async function readOutput(output: unknown, options: ReadOutputOptions): Promise<OutputPicture[]> {
  const { source, limits, signal, result } = options;
  const references = await openEvents(await findPictures(output), options);
  if (references.length === 0)
    throw providerFailure(
      "PROVIDER_FAILED",
      source.provider,
      `answered with no picture, but with ${describeOutput(output)}`,
    );
  const all = references.slice(0, maxPictures).map((reference, at) => ({ reference, index: at + 1 }));
  const wanted = result === undefined ? all : all.filter(({ index }) => index === result);
  if (wanted.length === 0)
    throw providerFailure(
      "PROVIDER_REFUSED",
      source.provider,
      `answered with ${all.length} pictures, and the step asks for picture ${result}`,
    );

  const failing = new AbortController();
  const both = AbortSignal.any([signal, failing.signal]);
  const pictures: OutputPicture[] = [];
  let failure: { readonly error: unknown } | undefined;
  const queue = wanted.values();
  // The workers take from one iterator.
  const work = Array.from({ length: Math.min(maxAtOnce, wanted.length) }, async () => {
    for (const { reference, index } of queue) {
      try {
        const bytes = await toBytes(reference, options, both);
        both.throwIfAborted();
        pictures.push(await decode(bytes, index, options));
      } catch (error) {
        failure ??= { error };
        failing.abort();
        return;
      }
    }
  });
  await Promise.all(work);
  if (failure === undefined && !signal.aborted) return pictures.sort((a, b) => a.index - b.index);
  for (const { raster } of pictures) await discardRaster(raster);
  signal.throwIfAborted();
  throw failure?.error;

  async function openEvents(
    found: PictureReference[],
    { source: from }: ReadOutputOptions,
  ): Promise<PictureReference[]> {
    const [only] = found;
    if (found.length !== 1 || only?.kind !== "address") return found;
    const content = await from.read(only.address, limits.maxBytes, signal);
    if (content.kind === "file") return [{ kind: "bytes", bytes: content.bytes }];
    return (await Promise.all(content.texts.map(findPictures))).flat();
  }
}

async function toBytes(
  reference: PictureReference,
  { source, limits }: ReadOutputOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { maxBytes } = limits;
  switch (reference.kind) {
    case "bytes":
      return reference.bytes;
    case "stream":
      return source.collect(abortable(reference.stream, signal), maxBytes);
    case "base64":
      return fromBase64(reference.text, source.provider, maxBytes);
    case "address": {
      const content = await source.read(reference.address, maxBytes, signal);
      if (content.kind === "file") return content.bytes;
      throw providerFailure(
        "PROVIDER_FAILED",
        source.provider,
        "answered with a stream of events in a list of pictures",
      );
    }
  }
}

/** The chunks of a stream that stops when the signal aborts, also while it waits for one. */
async function* abortable(stream: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => {});
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const chunks = stream[Symbol.asyncIterator]();
  try {
    signal.throwIfAborted();
    for (;;) {
      const { done, value } = await Promise.race([chunks.next(), aborted]);
      if (done) return;
      if (!(value instanceof Uint8Array))
        throw new AppError("PROVIDER_FAILED", `Expected a stream of bytes, got one of ${typeof value}`);
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    void Promise.resolve(chunks.return?.()).catch(() => {});
  }
}

function fromBase64(text: string, provider: string, maxBytes: number): Uint8Array {
  if (text.length > Math.ceil(maxBytes / 3) * 4 + 1_024)
    throw new AppError(
      "OUTPUT_TOO_LARGE",
      `Expected a result of the provider \`${provider}\` of at most ${maxBytes} bytes, got more in base64`,
    );
  const plain = text.includes("%") ? text.replaceAll("%2B", "+").replaceAll("%2F", "/").replaceAll("%3D", "=") : text;
  if (!/^[A-Za-z0-9+/_\s-]*={0,2}\s*$/.test(plain))
    throw providerFailure("PROVIDER_FAILED", provider, "answered with a picture that is not valid base64");
  return Buffer.from(plain, "base64");
}

const overLimit: ReadonlySet<string> = new Set([
  "IMAGE_TOO_MANY_BYTES",
  "IMAGE_TOO_MANY_PIXELS",
  "IMAGE_SIDE_TOO_LONG",
  "IMAGE_TOO_MANY_FRAMES",
  "OUTPUT_TOO_LARGE",
]);
const noPicture: ReadonlySet<string> = new Set([
  "IMAGE_EMPTY",
  "IMAGE_TYPE_UNSUPPORTED",
  "IMAGE_CORRUPT",
  "IMAGE_TRUNCATED",
]);

async function decode(
  bytes: Uint8Array,
  index: number,
  { source, limits, frameStore }: ReadOutputOptions,
): Promise<OutputPicture> {
  try {
    const opened = await openEncoded(bytes, { ...limits, maxInputPixels: limits.maxOutputPixels });
    return { index, ...(await opened.decode(frameStore)) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const text = `Picture ${index} of the answer of the provider \`${source.provider}\` cannot be used. ${error.message}`;
    const { metadata } = error;
    if (overLimit.has(error.reason)) throw new AppError("OUTPUT_TOO_LARGE", text, { metadata, cause: error });
    if (noPicture.has(error.reason)) throw new AppError("PROVIDER_FAILED", text, { metadata, cause: error });
    throw error;
  }
}
