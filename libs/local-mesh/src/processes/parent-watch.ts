// Loaded before a service's main module (node --import). The service's standard input is a pipe that its parent never
// writes to. When the pipe ends, the parent has ended, even by SIGKILL, and the service drains and ends too.

const drainMs = 10_000;

if (process.env.PIXELMESH_PARENT_WATCH === "stdin") {
  // The service's own child processes must not watch this pipe.
  delete process.env.PIXELMESH_PARENT_WATCH;
  let isGone = false;
  const onGone = () => {
    if (isGone) return;
    isGone = true;
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.exit(1), drainMs).unref();
  };
  process.stdin.on("end", onGone).on("error", onGone).resume();
  process.stdin.unref();
}
