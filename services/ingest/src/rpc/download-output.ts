import { AppError } from "@pixelmesh/errors";
import { type DownloadOutputRequest, type DownloadOutputResponse, StorageServiceDefinition } from "@pixelmesh/proto";
import type { CallContext, RpcConnection } from "@pixelmesh/rpc";
import { callFacts } from "@pixelmesh/telemetry";
import { parseTenant } from "../domain/tenant.ts";
import type { JobParts } from "./parts.ts";

/** DownloadOutput: what the output is, then its bytes as they come from storage. */
export function createDownloadOutput({ store, watchers }: JobParts, storage: RpcConnection) {
  const blobs = storage.client(StorageServiceDefinition);
  return async function* downloadOutput(
    { jobId, output: name, offsetBytes }: DownloadOutputRequest,
    { signal }: CallContext,
  ): AsyncGenerator<DownloadOutputResponse, void, undefined> {
    const job = await store.get(jobId, parseTenant(callFacts().tenant));
    const { outputs, outputsExpireUnixMs } = watchers.view(job);
    const output = outputs.find((known) => known.name === name);
    if (!output) {
      const known = outputs.map((other) => other.name).join(", ");
      throw new AppError("OUTPUT_NOT_FOUND", `The job has no output \`${name}\`; it has ${known}`, {
        metadata: { known },
      });
    }
    if (output.expired) throw expired(name);
    if (!output.ready)
      throw new AppError("OUTPUT_NOT_READY", `Output \`${name}\` is not there yet`, { retryAfterMs: 1_000 });
    const parts = blobs.getBlob({ sha256: output.sha256, offsetBytes }, { signal, timeoutMs: 600_000 });
    // The header comes with the first bytes: what is not there, or is corrupt and small, is said first.
    let isBegun = false;
    try {
      for await (const { part } of parts) {
        if (part?.$case !== "chunk") continue;
        if (!isBegun) yield { part: { $case: "header", value: output } };
        isBegun = true;
        yield { part };
      }
    } catch (error) {
      if (!(error instanceof AppError && error.reason === "BLOB_NOT_FOUND")) throw error;
      throw Date.now() >= outputsExpireUnixMs ? expired(name) : lost(name);
    }
    // An offset at the end: there are no bytes.
    if (!isBegun) yield { part: { $case: "header", value: output } };
  };
}

function expired(name: string): AppError {
  return new AppError("OUTPUT_EXPIRED", `Output \`${name}\` was kept for its time and then deleted; run the job again`);
}

function lost(name: string): AppError {
  const why = "a full store had to let it go before its time, or its bytes were damaged";
  return new AppError("BLOB_NOT_FOUND", `Output \`${name}\` is no longer stored: ${why}; run the job again`);
}
