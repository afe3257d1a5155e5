import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import { createChannel, createClient } from "nice-grpc";

/** A bare nice-grpc server in a process of its own, and a bare client of it. */
export type BarePeer = {
  /** Reads the bytes of the server once. Resolves to their number. */
  read(): Promise<number>;
  /** Sends bytes in chunks. Resolves once the server has them. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
};

/** Starts the server with `wholeBytes` in its memory. */
export async function startBarePeer(chunkBytes: number, wholeBytes: number): Promise<BarePeer> {
  const script = fileURLToPath(new URL("./bare-storage.ts", import.meta.url));
  const args = ["--conditions=development", script, String(chunkBytes), String(wholeBytes)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const channel = createChannel(`127.0.0.1:${line.toString().trim()}`, undefined, {
    "grpc.max_receive_message_length": 8 * 1024 * 1024,
    // As of our connections.
    "grpc-node.flow_control_window": 4 * 1024 * 1024,
  });
  const client = createClient(StorageServiceDefinition, channel);
  return {
    async read() {
      let sizeBytes = 0;
      for await (const { part } of client.getBlob({})) if (part?.$case === "chunk") sizeBytes += part.value.length;
      return sizeBytes;
    },
    async write(bytes) {
      async function* messages() {
        for (let at = 0; at < bytes.length; at += chunkBytes)
          yield { part: { $case: "chunk" as const, value: bytes.subarray(at, at + chunkBytes) } };
      }
      await client.putBlob(messages());
    },
    async close() {
      channel.close();
      child.kill();
      await once(child, "exit");
    },
  };
}
