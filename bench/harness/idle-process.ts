import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A process that does nothing, and whose event loop tells what the machine does to anybody's. */
export type IdleProcess = {
  /** Its loop's worst delay since this was last asked, in milliseconds. */
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

/** Starts it. Where its lag is as large as the services', the figure is about the machine's other work. */
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
