import { AppError } from "@pixelmesh/errors";
import { GetClusterResponse, SchedulerServiceDefinition } from "@pixelmesh/proto";
import { connectRpc, createHealth, startRpcServer } from "@pixelmesh/rpc";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { connectSchedulers } from "@pixelmesh/worker";
import { expect, onTestFinished, test } from "vitest";
import { createProxies } from "../src/rpc/proxies.ts";

/** A fake scheduler: the leader of a term, or a standby if there is no term. */
async function startFakeScheduler(leaderTerm?: number): Promise<string> {
  const health = createHealth();
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    health,
    serviceNames: [],
    log: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics("test", "0"),
    register: (it) => {
      it.add(SchedulerServiceDefinition, {
        async getCluster() {
          if (leaderTerm === undefined)
            throw new AppError("INVALID_ARGUMENT", "a standby, with a reason that is not retried");
          return GetClusterResponse.fromPartial({ leaderTerm });
        },
        async *attachDevice() {},
        async *holdSlot() {},
      });
    },
  });
  onTestFinished(async () => {
    await server.stop(100);
    health.close();
  });
  return server.address;
}

test("getCluster asks the scheduler that is taken for the leader at the time of the call", async () => {
  const link = connectSchedulers([await startFakeScheduler(), await startFakeScheduler(7)], connectRpc);
  onTestFinished(link.close);
  const unused = async () => [];
  const remoteModels = async () => ({ models: [], currency: "" });
  const catalogue = { models: unused, effects: unused, remoteModels };
  const { getCluster } = createProxies(catalogue, link);
  await expect(getCluster({})).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  link.moveOn(link.current());
  expect(await getCluster({})).toMatchObject({ leaderTerm: 7 });
});
