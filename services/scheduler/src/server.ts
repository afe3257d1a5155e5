import type { Lifecycle } from "@pixelmesh/lifecycle";
import { SchedulerServiceDefinition } from "@pixelmesh/proto";
import { limitCalls, type RpcServer } from "@pixelmesh/rpc";
import { announceReady, openBase, openRpc, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import { startLeader } from "./adapters/leader.ts";
import type { SchedulerConfig } from "./config.ts";
import { createAttachDevice } from "./rpc/attach-device.ts";
import { createGetCluster } from "./rpc/get-cluster.ts";
import { createHoldSlot } from "./rpc/hold-slot.ts";

/** Starts a scheduler: it leads or stands by. */
export async function startScheduler(
  config: SchedulerConfig,
  life: Lifecycle,
  log: Logger,
): Promise<{ base: ServiceBase; rpc: RpcServer }> {
  const base = await openBase("scheduler", config, life, log);
  const leader = await startLeader(base, config);
  life.defer("leadership", leader.close);
  const rpc = await openRpc(base, {
    serviceNames: [SchedulerServiceDefinition.fullName],
    callLimits: { [`/${SchedulerServiceDefinition.fullName}/HoldSlot`]: limitCalls(config.maxCalls) },
    register(server) {
      server.add(SchedulerServiceDefinition, {
        attachDevice: createAttachDevice(leader),
        holdSlot: createHoldSlot(leader),
        getCluster: createGetCluster(leader, base.bus),
      });
    },
  });
  await announceReady(base, rpc);
  return { base, rpc };
}
