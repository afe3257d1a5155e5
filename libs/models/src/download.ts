import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, isAbort } from "@pixelmesh/errors";
import type { Response } from "undici";
import { toStorageError } from "./durable.ts";
import { assertEncrypted, type HttpClient, toInnermostText } from "./http.ts";
import { describePart, type Part, readPart, removePart } from "./part.ts";
import { toPublicText } from "./sources/source.ts";

/** Progress of a download. */
export type Progress = {
  readonly doneBytes: number;
  /** Null if the server does not announce it. */
  readonly totalBytes: number | null;
};

/** Options of `download`. */
export type DownloadOptions = {
  readonly url: URL;
  readonly partPath: string;
  readonly http: HttpClient;
  /** Further headers, such as credentials. They are not sent to another host after a redirect. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The size of the whole file; null if unknown. */
  readonly expectedBytes: number | null;
  /** The limit if the size is unknown. Default: 2 GiB, the largest possible ONNX file. */
  readonly maxBytes?: number;
  /** Whether the caller checks the digest of the whole file. Then a part may be resumed even without a validator of the server. */
  readonly digestKnown: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Called before each retry, with the reason. */
  readonly onRetry: (why: string) => void;
  /** The first backoff in ms; it doubles. Default 1 s. */
  readonly retryWaitMs?: number;
  /** Attempts in a row without progress after which it gives up. Default 5. */
  readonly idleAttempts?: number;
};

/** A retryable failure of an attempt. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
}

const maxUnknownBytes = 2 ** 31;
const defaultIdleAttempts = 5;
const maxAttempts = 100;
const maxWaitMs = 15_000;
const retryableStatuses: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

/**
 * Downloads a whole file to `partPath`. Resumes an earlier attempt of this or another process. Retries lost connections, stalls
 * and temporary failures of the server while there is progress, and `idleAttempts` times in a row without. Rejects with
 * MODEL_UNAVAILABLE if the server has no such file, SERVICE_UNAVAILABLE if it could not be reached or finished, MODEL_INVALID for
 * more bytes than expected, or STORAGE_FULL. After a failure the received bytes are kept for the next attempt.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { url, partPath, signal, idleAttempts = defaultIdleAttempts } = options;
  let withoutProgress = 0;
  for (let attempt = 1; ; attempt++) {
    const before = (await readPart(partPath, url)).sizeBytes;
    try {
      return await fetchRest(options);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Interrupted)) throw error;
      const grew = (await readPart(partPath, url)).sizeBytes > before;
      withoutProgress = grew ? 1 : withoutProgress + 1;
      if ((!grew && withoutProgress >= idleAttempts) || attempt >= maxAttempts) {
        const text = `${toPublicText(url)} could not be downloaded: ${error.message}`;
        throw new AppError("SERVICE_UNAVAILABLE", text, { cause: error });
      }
      options.onRetry(error.message);
      const waitMs = Math.min(maxWaitMs, (options.retryWaitMs ?? 1_000) * 2 ** (withoutProgress - 1));
      await sleep(waitMs, undefined, { signal });
    }
  }
}

async function fetchRest(options: DownloadOptions): Promise<void> {
  const { url, partPath, http, signal } = options;
  const part = await readPart(partPath, url);
  const resumable = part.sizeBytes > 0 && (part.validator !== null || options.digestKnown);
  const offset = resumable ? part.sizeBytes : 0;
  const response = await http
    .get(url, { ...options.headers, ...toHeaders(part, offset) }, signal)
    .catch((cause: unknown) => {
      if (isAbort(cause)) throw cause;
      throw new Interrupted(toInnermostText(cause), { cause });
    });
  try {
    const start = await toBodyOffset(response, offset, options);
    if (start === null) return;
    if (start === 0) await describePart(partPath, url, toValidator(response));
    await writeBody(response, start, options);
  } finally {
    await response.body?.cancel().catch(() => {});
  }
}

/** Returns the offset at which the response's body begins, or null if no bytes are missing. Throws if the response is unusable. */
async function toBodyOffset(response: Response, offset: number, options: DownloadOptions): Promise<number | null> {
  const { status, headers } = response;
  assertEncrypted(options.url, response);
  if (status === 200) return 0;
  const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
  if (status === 206 && Number(first) === offset) return offset;
  if (status === 416 && offset > 0 && Number(total) === offset) return null;
  if (status === 206 || status === 416) {
    await removePart(options.partPath);
    throw new Interrupted("the server gave another part than was asked for");
  }
  if (retryableStatuses.includes(status)) throw new Interrupted(`the server answered ${status}`);
  throw new AppError("MODEL_UNAVAILABLE", `${toPublicText(options.url)} answered ${status} ${response.statusText}`);
}

async function writeBody(response: Response, start: number, options: DownloadOptions): Promise<void> {
  const length = response.headers.get("content-length");
  const totalBytes = length === null || isEncoded(response) ? null : start + Number(length);
  const maxBytes = options.expectedBytes ?? options.maxBytes ?? maxUnknownBytes;
  const tooLarge = async () => {
    await removePart(options.partPath);
    const text = `${toPublicText(options.url)} is larger than the ${maxBytes} bytes that are expected`;
    return new AppError("MODEL_INVALID", text);
  };
  if ((totalBytes ?? 0) > maxBytes) throw await tooLarge();
  const file = await open(options.partPath, start === 0 ? "w" : "r+");
  try {
    let at = start;
    options.onProgress({ doneBytes: at, totalBytes });
    for await (const chunk of readBody(response)) {
      if (at + chunk.length > maxBytes) throw await tooLarge();
      await write(file, chunk, at);
      at += chunk.length;
      options.onProgress({ doneBytes: at, totalBytes });
    }
    const wholeBytes = totalBytes ?? options.expectedBytes ?? at;
    if (at < wholeBytes) throw new Interrupted(`it ended after ${at} of ${wholeBytes} bytes`);
  } finally {
    await file.close();
  }
}

async function* readBody(response: Response): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body ?? []) yield chunk as Uint8Array;
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    throw new Interrupted(toInnermostText(cause), { cause });
  }
}

async function write(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  try {
    for (let done = 0; done < chunk.length; ) {
      done += (await file.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
    }
  } catch (error) {
    throw toStorageError(error);
  }
}

function toHeaders({ validator }: Part, offset: number): Record<string, string> {
  const headers = { "accept-encoding": "identity", "user-agent": "pixelmesh" };
  if (offset === 0) return headers;
  const range = { ...headers, range: `bytes=${offset}-` };
  return validator === null ? range : { ...range, "if-range": validator };
}

/** RFC 9110, 13.1.5: neither a weak tag nor the tag of an encoded body identifies the bytes of a file. */
function toValidator(response: Response): string | null {
  const etag = response.headers.get("etag");
  if (isEncoded(response)) return null;
  return etag !== null && !etag.startsWith("W/") ? etag : response.headers.get("last-modified");
}

function isEncoded({ headers }: Response): boolean {
  return (headers.get("content-encoding") ?? "identity") !== "identity";
}
