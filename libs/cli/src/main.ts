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
// Whoever read us has gone (`| head`): there is nobody left to tell.
process.stdout.on("error", () => process.exit(1));

const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  stopping: stop.signal,
  forced: force.signal,
});
process.stdout.write("", () => process.exit(exitCode));
