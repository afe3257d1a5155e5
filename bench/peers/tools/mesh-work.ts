import { isJobEnded, JobState, type PipelineInput, type Pixelmesh } from "@pixelmesh/client";
import { EffectsServiceDefinition, Encoding, ImageFormat, IngestServiceDefinition } from "@pixelmesh/proto";
import { connectRpc, toChunks } from "@pixelmesh/rpc";
import type { BenchMesh } from "../../harness/bench-mesh.ts";

/** Quality of each JPEG of every side: the default of ours. */
export const jpegQuality = 85;

/** Returns the process ids of the broker and the services. */
export function meshPids({ mesh }: BenchMesh): number[] {
  return [mesh.broker().pid, ...mesh.processes().map(({ pid }) => pid)];
}

/** Runs a job without the result cache and downloads its outputs. Returns their bytes' number. Throws if the job fails. */
export async function runJob(client: Pixelmesh, pipeline: PipelineInput, bytes: Uint8Array): Promise<number> {
  const job = await client.jobs.create({ pipeline, pictures: [{ bytes }], noCache: true });
  const ended = isJobEnded(job) ? job : await client.jobs.wait(job.id);
  if (ended.state !== JobState.SUCCEEDED) throw new Error(`A job failed: ${ended.error?.message}`);
  let length = 0;
  for (const { name } of pipeline?.outputs ?? []) {
    const { chunks } = await client.jobs.download(ended.id, name as string);
    for await (const chunk of chunks) length += chunk.length;
  }
  return length;
}

/** Calls of services without jobs. */
export type DirectCalls = {
  /** Scales a picture into a box with PrescaleImage, as JPEG. Returns the length of the result. */
  prescale(bytes: Uint8Array, maxSidePx: number, signal: AbortSignal): Promise<number>;
  /** Calls PreviewEffects with a plain black and white. Returns the length of the result. */
  preview(picture: Uint8Array, maxSidePx: number, signal: AbortSignal): Promise<number>;
  close(): void;
};

/** Connects to ingest and effects. */
export function connectDirect({ mesh }: BenchMesh): DirectCalls {
  const connect = (name: string) => {
    const address = mesh.processes().find((process) => process.name === name)?.grpc ?? "";
    return connectRpc(address, { timeoutMs: 60_000 });
  };
  const connections = { ingest: connect("ingest"), effects: connect("effects") };
  const ingest = connections.ingest.client(IngestServiceDefinition);
  const effects = connections.effects.client(EffectsServiceDefinition);
  const encoding = Encoding.fromPartial({ format: ImageFormat.JPEG, quality: jpegQuality });
  return {
    async prescale(bytes, maxSidePx, signal) {
      async function* messages() {
        const operation = { maxSidePx, maxPixels: 0 };
        yield { part: { $case: "header" as const, value: { operation, encoding } } };
        for (const value of toChunks(bytes)) yield { part: { $case: "chunk" as const, value } };
      }
      let length = 0;
      for await (const { part } of ingest.prescaleImage(messages(), { signal }))
        if (part?.$case === "chunk") length += part.value.length;
      if (length === 0) throw new Error("Expected PrescaleImage to return a picture, got none");
      return length;
    },
    async preview(picture, maxSidePx, signal) {
      const operation = { effects: [{ name: "black_and_white", parameters: {} }] };
      const request = { picture, operation, maxSidePx, encoding };
      return (await effects.previewEffects(request, { signal })).picture.length;
    },
    close() {
      for (const connection of Object.values(connections)) connection.close();
    },
  };
}
