import { Priority, SlotRequest, WorkClass } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh } from "@pixelmesh/testing";
import { connectSchedulers, holdSlot, type SchedulerLink } from "@pixelmesh/worker";
import { attachDevice, benchDeviceId as deviceId } from "../harness/bench-device.ts";
import { report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";

const rounds = 5;
const sequentialSlots = 500;
const parallelSlots = 2_000;
/** The number of light slots of a device. */
const inFlight = 8;

/**
 * Measures a slot from the start of its call to its release, at a scheduler with free memory: one after another, and eight at once. This
 * process holds the slots with the workers' code.
 */
export async function holdSlotCase(): Promise<boolean> {
  await using mesh = await startTestMesh({ services: ["scheduler"], env: { PIXELMESH_LOG_LEVEL: "warn" } });
  const address = mesh.processes().find(({ name }) => name === "scheduler")?.grpc ?? "";
  const link = connectSchedulers([address], connectRpc);
  const endDevice = attachDevice(link);
  try {
    for (let n = 0; n < sequentialSlots; n++) await holdOnce(link);
    const p50Ms: number[] = [];
    const eachMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const times = [];
      for (let n = 0; n < sequentialSlots; n++) times.push(await holdOnce(link));
      p50Ms.push(spread(times, 3).median);
      const startMs = performance.now();
      await Promise.all(Array.from({ length: inFlight }, () => holdMany(link, parallelSlots / inFlight)));
      eachMs.push((performance.now() - startMs) / parallelSlots);
    }
    const perSlot = spread(eachMs, 3);
    return report("hold-slot", [
      {
        name: "open, grant, release: p50 one after another",
        value: spread(p50Ms, 3).median,
        unit: "ms",
        bound: 3,
        details: { rounds, slotsPerRound: sequentialSlots, p50Ms: spread(p50Ms, 3) },
      },
      {
        name: `time for one slot, ${inFlight} in flight`,
        value: perSlot.median,
        unit: "ms",
        bound: Number((1_000 / 1_500).toFixed(3)),
        details: {
          rounds,
          slotsPerRound: parallelSlots,
          perSlotMs: perSlot,
          slotsPerSecond: Math.round(1_000 / perSlot.median),
        },
      },
    ]);
  } finally {
    endDevice();
    link.close();
  }
}

async function holdMany(link: SchedulerLink, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await holdOnce(link);
}

/** Returns the milliseconds from the request to the release. */
async function holdOnce(link: SchedulerLink): Promise<number> {
  const startMs = performance.now();
  const request = SlotRequest.fromPartial({
    service: "bench",
    instance: "0",
    deviceIds: [deviceId],
    tenant: "bench",
    workClass: WorkClass.LIGHT,
    priority: Priority.INTERACTIVE,
    options: [{ tilePx: 512, batch: 1, peakBytes: 2 ** 20, computeTokens: 1 }],
  });
  const slot = await holdSlot(link, request, AbortSignal.timeout(10_000));
  slot.release({ runMs: 1 });
  return performance.now() - startMs;
}
