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
    if (!output.ready)
      throw new AppError("OUTPUT_NOT_READY", `Output \`${name}\` is not there yet`, { retryAfterMs: 1_000 });
    yield { part: { $case: "header", value: output } };
    try {
      for await (const { part } of blobs.getBlob(
        { sha256: output.sha256, offsetBytes },
        { signal, timeoutMs: 600_000 },
      )) {
        if (part?.$case === "chunk") yield { part };
      }
    } catch (error) {
      const gone = error instanceof AppError && error.reason === "BLOB_NOT_FOUND" && Date.now() >= outputsExpireUnixMs;
      throw gone ? new AppError("OUTPUT_EXPIRED", `Output \`${name}\` was kept for its time and then deleted`) : error;
    }
  };
}
