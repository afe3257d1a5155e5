import { createHash } from "node:crypto";
import { AppError, expected, toAppError } from "@pixelmesh/errors";
import { contentOf, inspectPicture, type PictureLimits, toFormatMediaType } from "@pixelmesh/imaging";
import { BlobKind, type CreateJobHeader, type CreateJobRequest, type Source, type Upload } from "@pixelmesh/proto";
import { type ByteBudget, type ByteShare, brokenOff, collectBytes } from "@pixelmesh/rpc";
import type { BlobClient, Keep } from "@pixelmesh/worker";
import type { StoredJob } from "../stores/job-store.ts";
import type { KnownPictures } from "../stores/known-pictures.ts";

type Part = NonNullable<CreateJobRequest["part"]>;

/**
 * What CreateJob was sent: its header, and its pictures stored and inspected. With `earlier` the call repeats a request whose
 * job is there; its pictures have digests only.
 */
export type ReceivedJob = {
  readonly header: CreateJobHeader;
  readonly sources: readonly Source[];
  readonly earlier?: StoredJob | undefined;
};

/** What receiving needs. */
export type UploadParts = {
  readonly blobs: BlobClient;
  readonly uploads: ByteBudget;
  readonly limits: PictureLimits;
  /** Checks the header before any picture is read. Answers how its pictures are kept; throws to refuse. */
  readonly onHeader: (header: CreateJobHeader) => Promise<Keep>;
  /** The pictures that the tenant may name by their digest. */
  readonly pictures: Pick<KnownPictures, "isKnown" | "note">;
  readonly tenant: string;
  /** The job that an earlier call with the same request id made. Asked only when something is refused. */
  readonly findEarlier: (header: CreateJobHeader) => Promise<StoredJob | undefined>;
};

const maxUploads = 16;
/** How long an upload is kept past the deadline of its job: clocks differ. */
const keepMarginMs = 60_000;

/** How the pictures of a job are kept: for as long as it may be open. */
export function toInputKeep(jobId: string, deadlineUnixMs: number): Keep {
  return { kind: BlobKind.INPUT, jobId, keepUntilUnixMs: deadlineUnixMs + keepMarginMs };
}

/**
 * Reads a CreateJob stream. Each picture is inspected by its header and stored; a picture that cannot be used is refused before
 * it is stored. Throws INVALID_ARGUMENT for a stream out of order or without an end, IMAGE_*, DIGEST_MISMATCH, BLOB_NOT_FOUND.
 * A repeat of an earlier request is never refused: what its pictures need now does not matter to the job it made then.
 */
export async function receiveJob(
  stream: AsyncIterable<CreateJobRequest>,
  { blobs, uploads, limits, onHeader, findEarlier, pictures, tenant }: UploadParts,
  signal: AbortSignal,
): Promise<ReceivedJob> {
  const parts = readParts(stream);
  const first = await parts.next();
  if (first.done || first.value.$case !== "header")
    throw expected("part", "a header in the first message", first.value?.$case ?? "nothing");
  const header = first.value.value;
  let earlier: StoredJob | undefined;
  /** Goes on when the call repeats an earlier one, else throws. */
  const orEarlier = async (refusal: unknown) => {
    earlier = await findEarlier(header);
    if (!earlier) throw refusal;
  };
  const keep = (await onHeader(header).catch(orEarlier)) ?? undefined;

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

    const share = uploads.open();
    try {
      let after: IteratorResult<Part, void> = { done: true, value: undefined };
      async function* chunks() {
        for (after = await parts.next(); !after.done && after.value.$case === "chunk"; after = await parts.next())
          yield after.value.value;
      }
      const { maxBytes } = limits;
      const bytes = await collectBytes(chunks(), { maxBytes, share, sizeBytes: upload.sizeBytes });
      async function take(keep: Keep): Promise<Source> {
        if (bytes.length > 0 || upload.sha256 === "") return takeBytes(upload, bytes, blobs, limits, keep, signal);
        // A digest is no secret: that another tenant has stored the picture must not show, not even in the answer.
        if (!(await pictures.isKnown(tenant, upload.sha256))) throw notStored(upload);
        return takeStored(upload, { blobs, limits, share }, keep, signal);
      }
      const taken = earlier || !keep ? undefined : await take(keep).catch(orEarlier);
      if (taken) pictures.note(tenant, taken.sha256);
      sources.push(taken ?? { name: upload.name, sha256: digestOf(upload, bytes), info: undefined });
      next = after;
    } finally {
      share.release();
    }
  }
  return { header, sources, earlier };
}

async function* readParts(stream: AsyncIterable<CreateJobRequest>): AsyncGenerator<Part, void, undefined> {
  for await (const { part } of stream) {
    if (!part) throw expected("part", "a header, an upload, a chunk or the end", "nothing");
    if (part.$case === "end") return;
    yield part;
  }
  throw brokenOff();
}

/** The digest of a picture: of its bytes, or as announced where none came. */
function digestOf({ sha256 }: Pick<Upload, "sha256">, bytes: Uint8Array): string {
  return bytes.length === 0 && sha256 !== "" ? sha256 : createHash("sha256").update(bytes).digest("hex");
}

async function takeBytes(
  upload: Upload,
  bytes: Uint8Array,
  blobs: BlobClient,
  limits: PictureLimits,
  keep: Keep,
  signal: AbortSignal,
): Promise<Source> {
  if (upload.sizeBytes > 0 && upload.sizeBytes !== bytes.length) {
    throw new AppError(
      "IMAGE_TRUNCATED",
      `Expected ${upload.sizeBytes} bytes of picture \`${upload.name}\`, got ${bytes.length}`,
    );
  }
  if (upload.sha256 !== "" && upload.sha256 !== digestOf({ sha256: "" }, bytes)) {
    throw new AppError(
      "DIGEST_MISMATCH",
      `The bytes of picture \`${upload.name}\` do not have the digest that was announced`,
    );
  }
  const info = await inspectPicture(bytes, limits);
  const { sha256 } = await blobs.put(contentOf(bytes), toFormatMediaType(info.format), keep, signal);
  return { name: upload.name, sha256, info };
}

async function takeStored(
  upload: Upload,
  { blobs, limits, share }: Pick<UploadParts, "blobs" | "limits"> & { readonly share: ByteShare },
  keep: Keep,
  signal: AbortSignal,
): Promise<Source> {
  if (!(await blobs.extend(upload.sha256, keep))) throw notStored(upload);
  const read = async () => {
    const { sizeBytes, parts } = await blobs.read(upload.sha256, limits.maxBytes, signal);
    return await collectBytes(parts, { maxBytes: limits.maxBytes, share, sizeBytes });
  };
  const bytes = await read().catch((error: unknown) => {
    throw toAppError(error).reason === "BLOB_CORRUPT" ? notStored(upload) : error;
  });
  return { name: upload.name, sha256: upload.sha256, info: await inspectPicture(bytes, limits) };
}

/** A stored picture that is no longer whole is none: its bytes, sent again, take its place. */
function notStored({ name }: Upload): AppError {
  return new AppError("BLOB_NOT_FOUND", `No picture with the digest of \`${name}\` is stored; send its bytes`);
}
