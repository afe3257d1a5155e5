import { drainOrder } from "@pixelmesh/roles";
import type { Launched } from "./launch.ts";

const lastStageMs = 1_000;

/**
 * Stops a mesh in an order that lets work finish: each group of services, then the broker, gets SIGTERM when the one before
 * it has ended. After `graceMs` in all (a second of it kept for each stage to come) what still runs is killed.
 */
export async function drain({ broker, services, closeLogs }: Launched, graceMs: number): Promise<void> {
  const untilMs = performance.now() + graceMs;
  for (const [stage, names] of drainOrder.entries()) {
    const stagesToCome = drainOrder.length - stage;
    await Promise.all(names.map((name) => services.get(name)?.stop(untilMs - stagesToCome * lastStageMs)));
  }
  await broker.stop(untilMs);
  closeLogs();
}
