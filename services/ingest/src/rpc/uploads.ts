import { createHash } from "node:crypto";
import { AppError, expected } from "@pixelmesh/errors";
import { contentOf, inspectPicture, type PictureLimits, toFormatMediaType } from "@pixelmesh/imaging";
import type { CreateJobHeader, CreateJobRequest, Source, Upload } from "@pixelmesh/proto";
import { brokenOff } from "@pixelmesh/rpc";
import type { BlobClient } from "@pixelmesh/worker";
import type { UploadBudget } from "../adapters/upload-budget.ts";

type Part = NonNullable<CreateJobRequest["part"]>;

/** What CreateJob was sent: its header, and its pictures stored and inspected. */
export type ReceivedJob = { readonly header: CreateJobHeader; readonly sources: readonly Source[] };

/** What receiving needs; `onHeader` may refuse the job before its pictures come. */
export type UploadParts = {
  readonly blobs: BlobClient;
  readonly uploads: UploadBudget;
  readonly limits: PictureLimits;
  readonly onHeader: (header: CreateJobHeader) => Promise<void>;
};

const maxUploads = 16;

/**
 * Reads a CreateJob stream. Each picture is inspected by its header and stored until `keepUntilOf` its header says; what cannot be
 * used is refused before anything is stored. Throws INVALID_ARGUMENT for a stream out of order or without an end, IMAGE_*,
 * DIGEST_MISMATCH.
 */
export async function receiveJob(
  stream: AsyncIterable<CreateJobRequest>,
  { blobs, uploads, limits, onHeader }: UploadParts,
  keepUntilOf: (header: CreateJobHeader) => number,
  signal: AbortSignal,
): Promise<ReceivedJob> {
  const parts = readParts(stream);
  const first = await parts.next();
  if (first.done || first.value.$case !== "header")
    throw expected("part", "a header in the first message", first.value?.$case ?? "nothing");
  const header = first.value.value;
  const keepUntilUnixMs = keepUntilOf(header);
  await onHeader(header);

  const sources: Source[] = [];
  let next = await parts.next();
  while (!next.done) {
    if (next.value.$case !== "upload") throw expected("part", "an upload before its chunks", next.value.$case);
    const upload = next.value.value;
    if (sources.length === maxUploads) throw expected("upload", `at most ${maxUploads} pictures`, `${maxUploads + 1}`);
    if (!/^[a-z][a-z0-9_-]{0,31}$/.test(upload.name))
      throw expected("upload.name", "a name such as source", upload.name);
    if (sources.some(({ name }) => name === upload.name))
      throw expected("upload.name", "a name not used before", upload.name);

    const budget = uploads.open();
    try {
      let after: IteratorResult<Part, void> = { done: true, value: undefined };
      async function* chunks() {
        for (after = await parts.next(); !after.done && after.value.$case === "chunk"; after = await parts.next())
          yield after.value.value;
      }
      const bytes = await budget.collect(chunks(), limits.maxBytes);
      sources.push(
        bytes.length === 0 && upload.sha256 !== ""
          ? await takeStored(upload, blobs, limits, keepUntilUnixMs, signal)
          : await takeBytes(upload, bytes, blobs, limits, keepUntilUnixMs, signal),
      );
      next = after;
    } finally {
      budget.release();
    }
  }
  return { header, sources };
}

async function* readParts(stream: AsyncIterable<CreateJobRequest>): AsyncGenerator<Part, void, undefined> {
  for await (const { part } of stream) {
    if (!part) throw expected("part", "a header, an upload, a chunk or the end", "nothing");
    if (part.$case === "end") return;
    yield part;
  }
  throw brokenOff();
}

async function takeBytes(
  upload: Upload,
  bytes: Uint8Array,
  blobs: BlobClient,
  limits: PictureLimits,
  keepUntilUnixMs: number,
  signal: AbortSignal,
): Promise<Source> {
  if (upload.sizeBytes > 0 && upload.sizeBytes !== bytes.length) {
    throw new AppError(
      "IMAGE_TRUNCATED",
      `Expected ${upload.sizeBytes} bytes of picture \`${upload.name}\`, got ${bytes.length}`,
    );
  }
  if (upload.sha256 !== "" && upload.sha256 !== createHash("sha256").update(bytes).digest("hex")) {
    throw new AppError(
      "DIGEST_MISMATCH",
      `The bytes of picture \`${upload.name}\` do not have the digest that was announced`,
    );
  }
  const info = await inspectPicture(bytes, limits);
  const { sha256 } = await blobs.put(contentOf(bytes), toFormatMediaType(info.format), keepUntilUnixMs, signal);
  return { name: upload.name, sha256, info };
}

async function takeStored(
  upload: Upload,
  blobs: BlobClient,
  limits: PictureLimits,
  keepUntilUnixMs: number,
  signal: AbortSignal,
): Promise<Source> {
  if (!(await blobs.extend(upload.sha256, keepUntilUnixMs)))
    throw new AppError("BLOB_NOT_FOUND", `No picture with the digest of \`${upload.name}\` is stored`);
  const bytes = await blobs.get(upload.sha256, limits.maxBytes, signal);
  return { name: upload.name, sha256: upload.sha256, info: await inspectPicture(bytes, limits) };
}
