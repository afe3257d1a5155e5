import { createLifecycle, type Lifecycle, type LifecycleLog } from "./lifecycle.ts";

/**
 * The body of every main.ts: starts, waits for SIGTERM, SIGINT or a failure, closes everything, sets the exit code. A
 * second signal exits at once with 130. `start` gets the environment and registers everything it opens in the lifecycle. If it throws,
 * everything opened so far is closed and the process exits with 1.
 */
export async function runMain(
  process: NodeJS.Process,
  log: LifecycleLog,
  start: (life: Lifecycle, env: NodeJS.ProcessEnv) => Promise<void>,
): Promise<void> {
  const life = createLifecycle(log);
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  let signals = 0;
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      signals += 1;
      if (signals > 1) process.exit(130);
      stop(name);
    });
  }
  process.on("uncaughtException", (error) => life.fail(error));
  process.on("unhandledRejection", (error) => life.fail(error));

  const started = start(life, process.env);
  const outcome = await Promise.race([
    started.then(
      () => undefined,
      (error: unknown) => ({ error }),
    ),
    life.failed.then((error) => ({ error })),
    stopped.then((signal) => ({ signal })),
  ]);
  const end =
    outcome ?? (await Promise.race([life.failed.then((error) => ({ error })), stopped.then((signal) => ({ signal }))]));

  if ("error" in end) log.error({ err: end.error, why: toText(end.error) }, "stopping after a failure");
  else log.info({ signal: end.signal }, "stopping");
  const { failures } = await life.close();
  process.exit("error" in end || failures.length > 0 ? 1 : 0);
}

/** Returns the whole message. It may be logged, because a failure that ends a process is its own and contains no caller's text. */
function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
