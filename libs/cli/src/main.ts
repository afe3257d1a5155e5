import { escapeText } from "./format/safe-text.ts";
import { ReaderGone } from "./io.ts";
import { runCli } from "./program.ts";

const [stop, force] = [new AbortController(), new AbortController()];
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) {
      force.abort();
      process.exit(130);
    }
    stop.abort();
  });
}
let isOutputNeeded = true;
// The reader has ended (`| head`), or the disk is full.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", () => isOutputNeeded && stop.abort(new ReaderGone()));
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    // A private mesh must end with this process.
    force.abort();
    process.stderr.write(
      `pixelmesh: INTERNAL: ${escapeText(error instanceof Error ? `${error.stack}` : String(error))}\n`,
    );
    process.exit(1);
  });
}

const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  streams: {
    stdout: process.stdout,
    get stdin() {
      return process.stdin;
    },
  },
  stopping: stop.signal,
  forced: force.signal,
  keepOnWithoutOutput: () => {
    isOutputNeeded = false;
  },
});
process.stdout.write("", () => process.exit(stop.signal.reason instanceof ReaderGone ? 1 : exitCode));
