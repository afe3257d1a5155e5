import { AppError, expected } from "@pixelmesh/errors";
import type { CreateJobRequest } from "@pixelmesh/proto";
import { chunkBytes, toChunks } from "@pixelmesh/rpc/client";

/**
 * One picture of a job. The first one is the source, with the default name "source". Pipelines refer to the others by name. Its bytes
 * come from memory (`bytes`), from a stream that is read once (`stream`), from a function that opens a new stream (`open`), from an
 * http or https address that the mesh reads (`url`), or from the mesh's storage (`sha256` alone).
 */
export type Picture = {
  readonly name?: string;
  /** 64 lower-case hex digits. Checked against the bytes, if both are given. */
  readonly sha256?: string;
  /** Length, if known beforehand. Checked against the bytes. */
  readonly sizeBytes?: number;
  readonly bytes?: Uint8Array;
  readonly stream?: AsyncIterable<Uint8Array>;
  readonly open?: () => AsyncIterable<Uint8Array>;
  readonly url?: string;
};

/** The upload messages of a job's pictures. */
export type PictureParts = {
  /** Yields the upload messages and chunks of all pictures, in order. `stored` has the digests of those whose bytes are not sent, by their place. */
  read(stored?: ReadonlyMap<number, string>): AsyncGenerator<{ part: NonNullable<CreateJobRequest["part"]> }>;
  /** Whether `read` can yield everything again: no `stream` has been begun. */
  canRepeat(): boolean;
  /** Returns the error of reading a picture; undefined without one. */
  failure(): unknown;
};

/** How much of the pictures of a job was sent. After a lost connection it begins again. */
export type UploadProgress = {
  readonly sentBytes: number;
  /** Undefined unless the size of every picture is known beforehand. */
  readonly totalBytes: number | undefined;
};

/** Checks the list of pictures. Throws INVALID_ARGUMENT if it is empty, or a picture has no content or several. */
export function createPictureParts(
  pictures: readonly Picture[],
  onSent: (progress: UploadProgress) => void = () => {},
): PictureParts {
  if (pictures.length === 0) throw expected("pictures", "a list of at least one picture", []);
  for (const [index, { bytes, stream, open, url, sha256 }] of pictures.entries()) {
    const given = [bytes, stream, open, url].filter((content) => content !== undefined).length;
    if (given > 1 || (given === 0 && sha256 === undefined)) {
      throw expected(
        `pictures[${index}]`,
        "given by one of bytes, stream, open, url, or by sha256",
        `${given} of them`,
      );
    }
  }
  let streamBegun = false;
  let failure: unknown;

  async function* read(stored: ReadonlyMap<number, string> = new Map()): ReturnType<PictureParts["read"]> {
    const totalBytes = sizeOf(pictures.filter((picture, index) => hasContent(picture) && !stored.has(index)));
    let sentBytes = 0;
    const toChunk = (value: Uint8Array) => ({ part: { $case: "chunk" as const, value } });
    // The transport asks for the next message when it has taken the one before.
    const sent = (value: Uint8Array) => {
      sentBytes += value.length;
      onSent({ sentBytes, totalBytes });
    };
    for (const [index, picture] of pictures.entries()) {
      const { name = index === 0 ? "source" : "", sha256 = "", url: sourceUrl = "", bytes, stream } = picture;
      const digest = stored.get(index);
      if (digest !== undefined) {
        yield { part: { $case: "upload", value: { name, sha256: digest, sizeBytes: 0, sourceUrl } } };
        continue;
      }
      const sizeBytes = picture.sizeBytes ?? bytes?.length ?? 0;
      yield { part: { $case: "upload", value: { name, sha256, sizeBytes, sourceUrl } } };
      if (bytes !== undefined) {
        for (const value of toChunks(bytes)) {
          yield toChunk(value);
          sent(value);
        }
        continue;
      }
      const chunks = stream ?? picture.open?.();
      if (chunks === undefined) continue;
      if (stream !== undefined) streamBegun = true;
      for await (const value of toEvenChunks(guard(chunks))) {
        yield toChunk(value);
        sent(value);
      }
    }
  }

  async function* guard(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      failure = error ?? new AppError("INTERNAL", "Reading a picture failed");
      throw failure;
    }
  }

  return { read, canRepeat: () => !streamBegun, failure: () => failure };
}

/** Returns the length of all pictures; undefined if one is unknown. */
function sizeOf(pictures: readonly Picture[]): number | undefined {
  const sizes = pictures.map(({ sizeBytes, bytes }) => sizeBytes ?? bytes?.length);
  return sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
}

/** Whether bytes of the picture are sent. */
function hasContent({ bytes, stream, open }: Picture): boolean {
  return bytes !== undefined || stream !== undefined || open !== undefined;
}

/** Yields the same bytes in chunks of exactly `size`; the last one may be shorter. Holds at most one such chunk besides its input. */
export async function* toEvenChunks(
  chunks: AsyncIterable<Uint8Array>,
  size: number = chunkBytes,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + size - length);
      parts.push(part);
      length += part.length;
      at += part.length;
      if (length < size) continue;
      yield parts.length === 1 ? part : Buffer.concat(parts, length);
      parts = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(parts, length);
}
