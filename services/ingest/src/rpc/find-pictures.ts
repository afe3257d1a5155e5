import { expected } from "@pixelmesh/errors";
import {
  BlobKind,
  type FindPicturesRequest,
  type FindPicturesResponse,
  type UploadPictureResponse,
} from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { BlobClient } from "@pixelmesh/worker";
import { uploadLifeMs } from "../domain/batch-limits.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { parsePictureDigest } from "../domain/picture-digest.ts";
import type { KnownPictures } from "../stores/known-pictures.ts";
import { callTenant } from "./call-tenant.ts";

/** Dependencies of `createFindPictures`. */
export type FindPicturesParts = {
  readonly blobs: Pick<BlobClient, "find">;
  readonly known: Pick<KnownPictures, "findSent" | "forget" | "addUpload">;
};

const maxDigests = 100;
const concurrency = 8;

/**
 * FindPictures: returns those pictures of the tenant that are still stored. Storage is asked only for pictures that the tenant has sent, so
 * neither the response nor its time depends on what other tenants have stored.
 */
export function createFindPictures({ blobs, known }: FindPicturesParts) {
  async function findPicture(
    tenant: string,
    digest: string,
    keep: boolean,
    signal: AbortSignal,
  ): Promise<UploadPictureResponse | undefined> {
    const info = await known.findSent(tenant, digest);
    if (!info) return undefined;
    const keepUntilUnixMs = keep ? Date.now() + uploadLifeMs : 0;
    const retention = { kind: BlobKind.INPUT, jobId: "", keepUntilUnixMs };
    const blob = await blobs.find(digest, keep ? retention : undefined, signal);
    if (!blob) {
      await known.forget(tenant, digest);
      return undefined;
    }
    if (keep) await known.addUpload(tenant, digest, { info });
    return { blob, info, keepUntilUnixMs };
  }

  return async (
    { sha256: digests, keep }: FindPicturesRequest,
    { signal }: CallContext,
  ): Promise<FindPicturesResponse> => {
    if (digests.length === 0 || digests.length > maxDigests)
      throw expected("sha256", `1 to ${maxDigests} digests`, `${digests.length}`);
    for (const [at, digest] of digests.entries()) parsePictureDigest(`sha256[${at}]`, digest);
    const tenant = callTenant();
    const found: (UploadPictureResponse | undefined)[] = [];
    await inParallel(digests.entries(), concurrency, async ([at, digest]) => {
      signal.throwIfAborted();
      found[at] = await findPicture(tenant, digest, keep, signal);
    });
    return { pictures: found.filter((each) => each !== undefined) };
  };
}
