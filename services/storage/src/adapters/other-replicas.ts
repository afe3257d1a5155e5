import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, listServices } from "@pixelmesh/bus";
import { ConfigError } from "@pixelmesh/config";

/** The entry of a dead process leaves the list of services after 15 s. */
const waitMs = 20_000;
const pollMs = 500;

/**
 * Throws ConfigError if another storage replica runs. For a storage without a shared store: half of the reads would ask the replica that does not
 * have the blob. Waits up to 20 s for a replica that has just ended.
 */
export async function assertOnlyReplica(bus: Bus, instance: string, timeoutMs = waitMs): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    const other = (await listServices(bus)).find((each) => each.service === "storage" && each.instance !== instance);
    if (other === undefined) return;
    if (performance.now() > untilMs) throw severalReplicas(other.instance, instance);
    await sleep(pollMs);
  }
}

function severalReplicas(other: string, own: string): ConfigError {
  const text = `Expected PIXELMESH_STORAGE_COLD to name a shared store, because a storage replica \`${other}\` runs beside this one, \`${own}\`: without it each would have blobs of its own`;
  return new ConfigError([text]);
}
