import { type ConfigOf, describeConfig, type Fields, loadConfig } from "@pixelmesh/config";
import { type Lifecycle, runMain } from "@pixelmesh/lifecycle";
import { createLogger, type Logger } from "@pixelmesh/telemetry";

/**
 * The whole of a service's main.ts: logger, settings, start, signals, exit code. With `--print-config` it writes its
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
  await runMain(process, log, async (life) => {
    await start(loadConfig(fields, env), life, log);
  });
}
