import { AppError, expected } from "@pixelmesh/errors";
import { PreviewEffectsRequest, PreviewEffectsResponse } from "@pixelmesh/proto";
import { findReadyOutput } from "../domain/ready-output.ts";
import { callTenant } from "../rpc/call-tenant.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { KnownPictures } from "../stores/known-pictures.ts";
import type { Watchers } from "../watch/watchers.ts";
import type { ForwardHooks } from "./forward-service.ts";

/** Dependencies of `createPreviewHooks`. */
export type PreviewParts = {
  readonly store: Pick<JobStore, "get">;
  readonly watchers: Pick<Watchers, "view">;
  readonly pictures: KnownPictures;
};

const digestPattern = /^[0-9a-f]{64}$/;

/**
 * Creates the hooks of PreviewEffects and PreviewPicture. A tenant may name by digest what it has sent or its jobs have made, and the
 * outputs of its own jobs; an output is replaced by its digest. Pictures that it sends here are remembered by their digests.
 */
export function createPreviewHooks({
  store,
  watchers,
  pictures,
}: PreviewParts): Readonly<Record<string, ForwardHooks>> {
  /** Returns the digest of an output. Throws JOB_NOT_FOUND and OUTPUT_* as DownloadOutput does. */
  async function findDigest(jobId: string, name: string, tenant: string): Promise<string> {
    const { outputs } = watchers.view(await store.get(jobId, tenant));
    return findReadyOutput(outputs, name === "" ? (outputs[0]?.name ?? "") : name).sha256;
  }

  async function rewriteRequest(bytes: Uint8Array): Promise<Uint8Array> {
    const request = decodeRequest(bytes);
    // The worker refuses bytes that are no request.
    if (!request) return bytes;
    const { picture, sha256, jobOutput } = request;
    if (sha256 === "" && !jobOutput) return bytes;
    const given = [picture.length > 0, sha256 !== "", jobOutput !== undefined].filter(Boolean).length;
    if (given > 1) throw expected("picture", "given by one of picture, sha256 and job_output", `${given} of them`);
    const tenant = callTenant();
    if (jobOutput) {
      const digest = await findDigest(jobOutput.jobId, jobOutput.name, tenant);
      return PreviewEffectsRequest.encode({ ...request, sha256: digest, jobOutput: undefined }).finish();
    }
    if (!digestPattern.test(sha256)) throw expected("sha256", "64 lower-case hex digits", sha256);
    // A digest is no secret, so the response must not reveal that another tenant has stored the picture.
    if (!(await pictures.isKnown(tenant, sha256)))
      throw new AppError("BLOB_NOT_FOUND", "No picture with this digest is stored; send its bytes");
    return bytes;
  }

  function onResponse(bytes: Uint8Array): void {
    const { sourceSha256 } = PreviewEffectsResponse.decode(bytes);
    if (sourceSha256 !== "") pictures.add(callTenant(), sourceSha256);
  }

  return { previewEffects: { rewriteRequest, onResponse }, previewPicture: { onResponse } };
}

function decodeRequest(bytes: Uint8Array): PreviewEffectsRequest | undefined {
  try {
    return PreviewEffectsRequest.decode(bytes);
  } catch {
    return undefined;
  }
}
