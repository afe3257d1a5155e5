import { type ConfigOf, describeConfig, type Fields, loadConfig } from "@pixelmesh/config";
import { type Lifecycle, runMain } from "@pixelmesh/lifecycle";
import { version } from "@pixelmesh/roles";
import { createLogger, type Logger } from "@pixelmesh/telemetry";
import { provisionBroker } from "./provision-broker.ts";

/**
 * The body of a service's main.ts: logger, settings, start, signals, exit code. SIGUSR2 turns detailed logs on and off. With
 * `--print-config` it writes its settings to standard output as a JSON array of ConfigLine and starts nothing. With
 * `--provision` it creates all streams, consumers and buckets at the broker and exits with 0, or with 1 after a failure.
 */
export async function runService<const F extends Fields>(
  process: NodeJS.Process,
  service: string,
  fields: F,
  start: (config: ConfigOf<F>, life: Lifecycle, log: Logger) => Promise<unknown>,
): Promise<void> {
  const { env } = process;
  if (process.argv.includes("--print-config")) {
    process.stdout.write(`${JSON.stringify(describeConfig(fields, env))}\n`);
    return;
  }
  // Node writes warnings there. A write error, such as a closed pipe or a full disk, must not end the service.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const log = createLogger({
    service,
    instance: env.PIXELMESH_INSTANCE || "0",
    version: env.PIXELMESH_VERSION_LABEL || version,
    level: env.PIXELMESH_LOG_LEVEL || "info",
  });
  switchLevelOn(process, log);
  if (process.argv.includes("--provision")) {
    process.exitCode = await exitCodeOf(provisionBroker(service, env, log), log);
    return;
  }
  await runMain(process, log, async (life) => {
    await start(loadConfig(fields, env), life, log);
  });
}

async function exitCodeOf(provisioning: Promise<void>, log: Logger): Promise<0 | 1> {
  try {
    await provisioning;
    log.info({}, "streams, consumers and buckets are provisioned");
    return 0;
  } catch (error) {
    log.error(
      { err: error, why: error instanceof Error ? error.message : String(error) },
      "the broker was not provisioned",
    );
    return 1;
  }
}

/**
 * SIGUSR2 switches the log level between the configured one and `debug` (`info` if that is `debug` or `trace` already). A signal needs no
 * port and no further rights, and reaches a process that does not serve.
 */
function switchLevelOn(process: NodeJS.Process, log: Logger): void {
  const configured = log.level;
  const other = configured === "debug" || configured === "trace" ? "info" : "debug";
  process.on("SIGUSR2", () => {
    const logLevel = log.level === other ? configured : other;
    const report = () => log.info({ logLevel }, "log level changed");
    // Logged at the more detailed of the two levels; the other may hide it.
    if (other === "debug" && logLevel === configured) report();
    log.level = logLevel;
    if (other === "info" || logLevel === other) report();
  });
}
