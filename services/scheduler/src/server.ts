import type { Lifecycle } from "@pixelmesh/lifecycle";
import { SchedulerServiceDefinition } from "@pixelmesh/proto";
import type { RpcServer } from "@pixelmesh/rpc";
import { announceReady, openBase, openRpc, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import { startRuntime } from "./adapters/runtime.ts";
import { type SchedulerConfig, toRules } from "./config.ts";
import { createAttachDevice } from "./rpc/attach-device.ts";
import { createGetCluster } from "./rpc/get-cluster.ts";
import { createHoldSlot } from "./rpc/hold-slot.ts";

/** Starts the scheduler. */
export async function startScheduler(
  config: SchedulerConfig,
  life: Lifecycle,
  log: Logger,
): Promise<{ base: ServiceBase; rpc: RpcServer }> {
  const base = await openBase("scheduler", config, life, log);
  // Above the term of whoever scheduled before: its grants are older than any of ours.
  const term = Math.floor(Date.now() / 1000);
  const runtime = startRuntime(toRules(config), term, base.metrics);
  life.defer("scheduler clock", runtime.close);
  const rpc = await openRpc(base, {
    serviceNames: [SchedulerServiceDefinition.fullName],
    register(server) {
      server.add(SchedulerServiceDefinition, {
        attachDevice: createAttachDevice(runtime),
        holdSlot: createHoldSlot(runtime),
        getCluster: createGetCluster(runtime, base.bus, term),
      });
    },
  });
  await announceReady(base, rpc);
  return { base, rpc };
}
