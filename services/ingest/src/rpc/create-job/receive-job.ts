import { hash } from "node:crypto";
import { expected } from "@pixelmesh/errors";
import type { CreateJobHeader, CreateJobRequest, Source, Upload } from "@pixelmesh/proto";
import { type ByteShare, collectBytes, missingEndError } from "@pixelmesh/rpc";
import type { BlobRetention } from "@pixelmesh/worker";
import type { SourceReader } from "../../adapters/source-reader.ts";
import type { StoredJob } from "../../stores/job-store.ts";
import { digestOf, type PictureParts, storePicture } from "./store-picture.ts";

type Part = NonNullable<CreateJobRequest["part"]>;

/** A received request: its header, and its pictures, which are stored and inspected. */
export type ReceivedJob = {
  readonly header: CreateJobHeader;
  readonly sources: readonly Source[];
  /** The pictures as the request names them: by content, or by the address to read. A repeated request names the same ones. */
  readonly requested: readonly Source[];
  /** The job of an earlier call with the same request id. The sources after the refusal then have digests only. */
  readonly earlier?: StoredJob | undefined;
};

/** What receiving needs to know of its call. */
export type ReceiveCall = {
  readonly tenant: string;
  readonly signal: AbortSignal;
  /** Checks the header before any picture is read. Returns the retention of the pictures; throws to refuse the call. */
  readonly onHeader: (header: CreateJobHeader) => Promise<BlobRetention>;
  /** Returns the job of an earlier call with the same request id. Called only when something is refused, and before an address is read. */
  readonly findEarlier: (header: CreateJobHeader) => Promise<StoredJob | undefined>;
};

const maxUploads = 16;

/**
 * Reads a CreateJob stream and stores its pictures; those that are named by an address are read from there. An unusable picture is refused
 * before it is stored. Throws INVALID_ARGUMENT for a stream out of order or without an end, IMAGE_*, DIGEST_MISMATCH, BLOB_NOT_FOUND, and the
 * errors of `SourceReader`. A repeat of an earlier request is not refused, because its job exists already: `earlier` is set instead.
 */
export async function receiveJob(
  pictures: PictureParts & { readonly reader: SourceReader },
  stream: AsyncIterable<CreateJobRequest>,
  call: ReceiveCall,
): Promise<ReceivedJob> {
  const parts = readParts(stream);
  const first = await parts.next();
  if (first.done || first.value.$case !== "header")
    throw expected("part", "a header in the first message", first.value?.$case ?? "nothing");
  const header = first.value.value;
  let earlier: StoredJob | undefined;
  /** Throws the refusal unless the call repeats an earlier one. */
  const orEarlier = async (refusal: unknown) => {
    earlier = await call.findEarlier(header);
    if (!earlier) throw refusal;
  };
  /** A repeated request reads nothing: its job has the picture. */
  const readAddress = async (upload: Upload, share: ByteShare): Promise<Uint8Array> => {
    earlier ??= await call.findEarlier(header);
    const reading = earlier ? undefined : pictures.reader.read(upload, { ...call, share });
    return (await reading?.catch(orEarlier)) ?? new Uint8Array(0);
  };
  const retention = (await call.onHeader(header).catch(orEarlier)) ?? undefined;

  const sources: Source[] = [];
  const requested: Source[] = [];
  let next = await parts.next();
  while (!next.done) {
    const upload = parseUpload(next.value, sources);
    const share = pictures.uploads.open();
    try {
      const collected = await collectChunks(parts, upload, pictures.limits.maxBytes, share);
      const bytes = upload.sourceUrl === "" ? collected.bytes : await readAddress(upload, share);
      const stored =
        earlier || !retention
          ? undefined
          : await storePicture(pictures, { upload, bytes, share }, retention, call).catch(orEarlier);
      const { name } = upload;
      requested.push({ name, sha256: requestedDigest(upload, bytes), info: undefined });
      sources.push(stored ?? { name, sha256: digestOf(upload, bytes), info: undefined });
      next = collected.next;
    } finally {
      share.release();
    }
  }
  return { header, sources, requested, earlier };
}

/** Returns the digest by which a request names a picture: that of its content, or of the address to read it from. */
function requestedDigest(upload: Upload, bytes: Uint8Array): string {
  if (upload.sourceUrl === "" || upload.sha256 !== "") return digestOf(upload, bytes);
  return `url:${hash("sha256", upload.sourceUrl, "hex")}`;
}

async function* readParts(stream: AsyncIterable<CreateJobRequest>): AsyncGenerator<Part, void, undefined> {
  for await (const { part } of stream) {
    if (!part) throw expected("part", "a header, an upload, a chunk or the end", "nothing");
    if (part.$case === "end") return;
    yield part;
  }
  throw missingEndError();
}

/** Throws INVALID_ARGUMENT if the message does not announce a further picture with a new, valid name. */
function parseUpload(part: Part, sources: readonly Source[]): Upload {
  if (part.$case !== "upload") throw expected("part", "an upload before its chunks", part.$case);
  const upload = part.value;
  if (sources.length === maxUploads) throw expected("upload", `at most ${maxUploads} pictures`, `${maxUploads + 1}`);
  if (!/^[a-z][a-z0-9_-]{0,31}$/.test(upload.name)) throw expected("upload.name", "a name such as source", upload.name);
  if (sources.some(({ name }) => name === upload.name))
    throw expected("upload.name", "a name not used before", upload.name);
  return upload;
}

/** Reads the chunks of one picture. `next` is the message after them. */
async function collectChunks(
  parts: AsyncGenerator<Part, void, undefined>,
  { sizeBytes, sourceUrl }: Upload,
  maxBytes: number,
  share: ByteShare,
): Promise<{ readonly bytes: Uint8Array; readonly next: IteratorResult<Part, void> }> {
  let next: IteratorResult<Part, void> = { done: true, value: undefined };
  async function* chunks() {
    for (next = await parts.next(); !next.done && next.value.$case === "chunk"; next = await parts.next()) {
      if (sourceUrl !== "") throw expected("part", "no chunk after an upload with a source_url", "a chunk");
      yield next.value.value;
    }
  }
  const bytes = await collectBytes(chunks(), { maxBytes, share, sizeBytes });
  return { bytes, next };
}
