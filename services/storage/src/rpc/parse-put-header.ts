import { expected } from "@pixelmesh/errors";
import type { PutBlobHeader } from "@pixelmesh/proto";
import type { PutOptions } from "../domain/blob-store.ts";
import { parseDigest } from "../domain/digest.ts";
import { parseJobId } from "../domain/job-id.ts";
import { assertKeepUntil, type LifetimeRules } from "../domain/lifetime.ts";
import { parseSavedMs } from "../domain/saved-ms.ts";
import { parseKind } from "./parse-kind.ts";

/** Returns the options of a put. Throws INVALID_ARGUMENT with the field that is wrong. */
export function parsePutHeader(header: PutBlobHeader, lifetime: LifetimeRules): PutOptions {
  const { sha256, sizeBytes, keepUntilUnixMs } = header;
  assertKeepUntil("header.keep_until_unix_ms", keepUntilUnixMs, Date.now(), lifetime);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw expected("header.size_bytes", "0 or more", sizeBytes);
  return {
    ...(sha256 === "" ? {} : { sha256: parseDigest("header.sha256", sha256) }),
    ...(sizeBytes === 0 ? {} : { sizeBytes }),
    keepUntilMs: keepUntilUnixMs,
    kind: parseKind("header.kind", header.kind),
    jobId: parseJobId("header.job_id", header.jobId),
    savedMs: parseSavedMs("header.saved_ms", header.savedMs),
  };
}
