// Loaded before a service's main module (node --import). The service's standard input is a pipe that its parent never
// writes to: when that ends, the parent is gone, however it died, and the service drains and ends as well.

const drainMs = 10_000;

if (process.env.PIXELMESH_PARENT_WATCH === "stdin") {
  // What the service itself starts is the service's to watch.
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
