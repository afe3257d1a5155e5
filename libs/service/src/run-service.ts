import { type ConfigOf, describeConfig, type Fields, loadConfig } from "@pixelmesh/config";
import { type Lifecycle, runMain } from "@pixelmesh/lifecycle";
import { createLogger, type Logger } from "@pixelmesh/telemetry";
import { provisionBroker } from "./provision-broker.ts";
import { version } from "./version.ts";

/**
 * The whole of a service's main.ts: logger, settings, start, signals, exit code. SIGUSR2 turns detailed logs on and off. With
 * `--print-config` it writes its settings as a JSON array of ConfigLine to standard output and starts nothing. With
 * `--provision` it makes all streams, consumers and buckets at the broker and exits with 0, or with 1 where it cannot.
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
  // What Node itself writes there, such as a warning, must not end the service when nothing reads it or the disk is full.
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
    log.info({}, "streams, consumers and buckets are there");
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
 * SIGUSR2 logs from `debug` on (from `info` on where details are configured already); once more is back to what is
 * configured. A signal, for it needs no port and no rights but those over the process, and reaches one that serves nobody.
 */
function switchLevelOn(process: NodeJS.Process, log: Logger): void {
  const configured = log.level;
  const other = configured === "debug" || configured === "trace" ? "info" : "debug";
  process.on("SIGUSR2", () => {
    const logLevel = log.level === other ? configured : other;
    const say = () => log.info({ logLevel }, "log level changed");
    // Said at the more detailed of the two levels, or it would not be seen.
    if (other === "debug" && logLevel === configured) say();
    log.level = logLevel;
    if (other === "info" || logLevel === other) say();
  });
}
