import { busFields, connectBus, provision } from "@pixelmesh/bus";
import { loadConfig } from "@pixelmesh/config";
import { version } from "@pixelmesh/roles";
import { createMetrics, type Logger } from "@pixelmesh/telemetry";

/**
 * Creates every stream, consumer and bucket of the mesh at the broker that the settings name, for `--provision`. Idempotent. Throws
 * ConfigError for wrong settings, BROKER_UNAVAILABLE if no broker answers within 10 s.
 */
export async function provisionBroker(
  service: string,
  env: Readonly<Record<string, string | undefined>>,
  log: Logger,
): Promise<void> {
  const config = loadConfig(busFields, env);
  const bus = await connectBus({
    ...config,
    name: `${service}-provision`,
    log,
    metrics: createMetrics(service, version),
  });
  try {
    await provision(bus);
  } finally {
    await bus.close();
  }
}
