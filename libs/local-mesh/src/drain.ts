import { drainOrder } from "@pixelmesh/roles";
import type { Launched } from "./launch.ts";

const lastStageMs = 1_000;

/**
 * Stops a mesh in an order that lets work finish. Each group of services, then the broker, gets SIGTERM when the group before
 * it has ended. Processes that still run after `graceMs` in all are killed; each later stage keeps a second of that time.
 */
export async function drain({ broker, services, closeLogs }: Launched, graceMs: number): Promise<void> {
  const untilMs = performance.now() + graceMs;
  for (const [stage, names] of drainOrder.entries()) {
    const stagesToCome = drainOrder.length - stage;
    await Promise.all(names.map((name) => services.get(name)?.stop(untilMs - stagesToCome * lastStageMs)));
  }
  await broker?.stop(untilMs);
  closeLogs();
}
