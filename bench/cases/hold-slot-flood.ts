import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { SchedulerServiceDefinition } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh } from "@pixelmesh/testing";
import { connectSchedulers } from "@pixelmesh/worker";
import { attachDevice, benchDeviceId } from "../harness/bench-device.ts";
import { report } from "../harness/report.ts";
import { percentile, spread } from "../harness/stats.ts";

const calls = 10_000;
const pollEveryMs = 20;
/** Time of further GetCluster calls after every call of the flood has an answer. Accepted calls still wait then. */
const afterMs = 5_000;

/**
 * Measures GetCluster while another process opens 10,000 HoldSlot calls at one scheduler, and while the accepted ones wait. Each refused
 * call must have the reason QUEUE_FULL and RetryInfo.
 */
export async function holdSlotFloodCase(): Promise<boolean> {
  await using mesh = await startTestMesh({ services: ["scheduler"], env: { PIXELMESH_LOG_LEVEL: "warn" } });
  const address = mesh.processes().find(({ name }) => name === "scheduler")?.grpc ?? "";
  const link = connectSchedulers([address], connectRpc);
  const endDevice = attachDevice(link);
  const connection = connectRpc(address);
  const client = connection.client(SchedulerServiceDefinition);
  const { services } = await client.getCluster({});
  const metricsUrl = services[0]?.metricsUrl ?? "";
  await readLag(metricsUrl);
  const times: number[] = [];
  const failures: Record<string, number> = {};
  let isOver = false;
  const callGetCluster = async () => {
    const startMs = performance.now();
    await client.getCluster({}, { timeoutMs: 30_000 }).catch((error: unknown) => {
      const { reason = "UNKNOWN", message = "" } = error as { reason?: string; message?: string };
      failures[`${reason}: ${message}`] = (failures[`${reason}: ${message}`] ?? 0) + 1;
    });
    times.push(performance.now() - startMs);
  };
  const polling = (async () => {
    const pending: Promise<void>[] = [];
    for (; !isOver; await sleep(pollEveryMs)) pending.push(callGetCluster());
    await Promise.all(pending);
  })();
  const script = fileURLToPath(new URL("../harness/slot-flood.ts", import.meta.url));
  const flood = spawn(process.execPath, ["--conditions=development", script, address, String(calls), benchDeviceId], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const { value } = await createInterface({ input: flood.stdout })[Symbol.asyncIterator]().next();
    const { outcomes, refusedP99Ms } = JSON.parse(String(value)) as {
      outcomes: Record<string, number>;
      refusedP99Ms: number;
    };
    const lagMs = await readLag(metricsUrl);
    await sleep(afterMs);
    isOver = true;
    await polling;
    const expected = ["grant", "queued", "QUEUE_FULL with retry"];
    const others = Object.entries(outcomes).filter(([outcome]) => !expected.includes(outcome));
    return report("hold-slot-flood", [
      {
        name: `GetCluster p99 during ${calls} HoldSlot calls`,
        value: Number(percentile(times, 99).toFixed(1)),
        unit: "ms",
        bound: 2_000,
        details: { asked: times.length, ms: spread(times, 1), outcomes, refusedP99Ms, schedulerLagMaxMs: lagMs },
      },
      {
        name: "GetCluster calls that failed",
        value: Object.values(failures).reduce((sum, count) => sum + count, 0),
        unit: "calls",
        bound: 0,
        details: failures,
      },
      {
        name: "HoldSlot calls refused without QUEUE_FULL and RetryInfo",
        value: others.reduce((sum, [, count]) => sum + count, 0),
        unit: "calls",
        bound: 0,
        details: { outcomes },
      },
    ]);
  } finally {
    isOver = true;
    flood.stdin.end();
    await once(flood, "exit");
    endDevice();
    connection.close();
    link.close();
  }
}

/** Returns the maximum event-loop lag of the scheduler since the last call, in milliseconds. */
async function readLag(metricsUrl: string): Promise<number> {
  const page = await (await fetch(metricsUrl)).text();
  return Math.round(Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(page)?.[1]) * 1_000);
}
