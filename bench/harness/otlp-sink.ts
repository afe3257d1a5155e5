import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { readCpuMs } from "./machine.ts";

/** A process that receives traces over OTLP/HTTP, counts their bytes and discards them. */
export type OtlpSink = {
  readonly url: string;
  /** Returns the bytes received since the last call. */
  readBytes(): Promise<number>;
  cpuMs(): number;
  close(): void;
};

const script = `
let bytes = 0;
const server = require("node:http").createServer((request, response) => {
  request.on("data", (chunk) => (bytes += chunk.length));
  request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("data", () => {
  console.log(bytes);
  bytes = 0;
});
`;

/** Starts a sink on a free loopback port. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const port = (await lines.next()).value;
  return {
    url: `http://127.0.0.1:${port}`,
    async readBytes() {
      child.stdin.write("\n");
      return Number((await lines.next()).value);
    },
    cpuMs: () => readCpuMs(child.pid as number),
    close: () => child.kill(),
  };
}
