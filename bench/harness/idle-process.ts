import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A process that does nothing. Its event-loop lag shows the share of the machine. */
export type IdleProcess = {
  /** Returns the maximum lag of its event loop since the last call, in milliseconds. */
  readLag(): Promise<number>;
  close(): void;
};

const script = `
const loop = require("node:perf_hooks").monitorEventLoopDelay({ resolution: 10 });
loop.enable();
process.stdin.on("data", () => {
  console.log(Math.round(loop.max / 1e6));
  loop.reset();
});
`;

/** Starts an idle process. If its lag is as large as that of the services, other work on the machine caused it. */
export function startIdleProcess(): IdleProcess {
  const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async readLag() {
      child.stdin.write("\n");
      return Number((await lines.next()).value);
    },
    close: () => child.kill(),
  };
}
