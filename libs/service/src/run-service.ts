import { type ConfigOf, describeConfig, type Fields, loadConfig } from "@pixelmesh/config";
import { type Lifecycle, runMain } from "@pixelmesh/lifecycle";
import { createLogger, type Logger } from "@pixelmesh/telemetry";

/**
 * The whole of a service's main.ts: logger, settings, start, signals, exit code. SIGUSR2 turns detailed logs on and off. With `--print-config` it writes its
 * settings as a JSON array of ConfigLine to standard output and starts nothing.
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
  const log = createLogger({
    service,
    instance: env.PIXELMESH_INSTANCE || "0",
    level: env.PIXELMESH_LOG_LEVEL || "info",
  });
  switchLevelOn(process, log);
  await runMain(process, log, async (life) => {
    await start(loadConfig(fields, env), life, log);
  });
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
