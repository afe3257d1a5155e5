import { runCli } from "./program.ts";

const [stop, force] = [new AbortController(), new AbortController()];
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) {
      force.abort();
      process.exit(130);
    }
    stop.abort();
  });
}
let isOutputNeeded = true;
// The reader has gone (`| head`), or the disk is full.
process.stdout.on("error", () => isOutputNeeded && process.exit(1));
process.stderr.on("error", () => {});

const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  stopping: stop.signal,
  forced: force.signal,
  keepOnWithoutOutput: () => {
    isOutputNeeded = false;
  },
});
process.stdout.write("", () => process.exit(exitCode));
