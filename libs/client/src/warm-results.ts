import { type JobServiceDefinition, Priority, type WarmResultsResponse } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc/client";
import type { CallOptions } from "./call-options.ts";
import { type JobSettings, toHeader } from "./job-settings.ts";

/** Options of `Jobs.warm`. */
export type WarmOptions = JobSettings &
  CallOptions & {
    /** The pictures by their digests (64 lower-case hex digits): the source first, then further ones with the names that steps use. */
    readonly pictures: readonly { readonly name?: string; readonly sha256: string }[];
    /** Copies nothing; only says what is stored. Default false. */
    readonly dryRun?: boolean;
  };

/** Storage may read every output from its shared store. */
export const warmTimeoutMs = 60_000;

/** Asks for the stored results of a job like this one, and for copies of its outputs in the fastest tiers. */
export function warmResults(
  rpc: RpcClient<JobServiceDefinition>,
  { pictures, dryRun = false, ...settings }: WarmOptions,
  call: { readonly signal?: AbortSignal },
): Promise<WarmResultsResponse> {
  const uploads = pictures.map(({ name, sha256 }, index) => ({
    name: name ?? (index === 0 ? "source" : ""),
    sha256,
    sizeBytes: 0,
    sourceUrl: "",
  }));
  const header = toHeader(settings, Priority.BATCH);
  return rpc.warmResults({ header, pictures: uploads, dryRun }, { timeoutMs: warmTimeoutMs, ...call });
}
