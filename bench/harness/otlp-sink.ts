import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { readCpuMs } from "./machine.ts";

/** A process that takes traces over OTLP/HTTP, counts their bytes and throws them away. */
export type OtlpSink = {
  readonly url: string;
  /** Bytes it was sent since this was last asked. */
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

/** Starts it on a free port of loopback. */
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
