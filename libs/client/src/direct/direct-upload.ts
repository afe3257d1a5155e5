import { AppError } from "@pixelmesh/errors";
import { restartable, toChunks } from "@pixelmesh/rpc/client";
import { toEvenChunks } from "../pictures.ts";

/** The picture of a direct call: its bytes, or a function that opens a new stream of them, so that a retry can send it again. */
export type DirectPicture = Uint8Array | { readonly open: () => AsyncIterable<Uint8Array> };

/** Ingest holds a few chunks of each upload, so they are smaller than those of a job. */
const chunkBytes = 256 * 1024;

/** The upload of a direct call. */
export type DirectUpload<H> = {
  /** Header and chunks; each iteration begins anew. */
  readonly requests: AsyncIterable<{
    readonly part: { $case: "header"; value: H } | { $case: "chunk"; value: Uint8Array };
  }>;
  /** Returns the error of reading the picture; undefined without one. */
  failure(): unknown;
};

/** Creates the upload of a picture after a header. */
export function createDirectUpload<H>(header: H, picture: DirectPicture): DirectUpload<H> {
  let failure: unknown;
  async function* guarded(open: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* open();
    } catch (error) {
      failure = error ?? new AppError("INTERNAL", "Reading the picture failed");
      throw failure;
    }
  }
  async function* read() {
    yield { part: { $case: "header" as const, value: header } };
    const chunks =
      picture instanceof Uint8Array
        ? toChunks(picture, chunkBytes)
        : toEvenChunks(
            guarded(() => picture.open()),
            chunkBytes,
          );
    for await (const value of chunks) yield { part: { $case: "chunk" as const, value } };
  }
  return { requests: restartable(read), failure: () => failure };
}
