import { DeviceKind, type DeviceReport } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { attach, gib, hold, startTestScheduler } from "./start-test-scheduler.ts";

test("the metrics page shows slots and every device's memory", async () => {
  const { base, client } = await startTestScheduler();
  attach(client).report();
  expect(await hold(client).next()).toMatchObject({ $case: "grant" });
  const page = async () => await (await fetch(base.metricsUrl)).text();
  await expect.poll(page).toContain('pixelmesh_slots{work_class="light"} 1');
  expect(await page()).toContain(`pixelmesh_device_memory_bytes{device="host-a",kind="committed"} ${gib}`);
  expect(await client.getCluster({})).toMatchObject({
    services: [{ service: "scheduler", metricsUrl: base.metricsUrl }],
  });
});

test("a detached device loses its metric series, and an attached device of another process keeps them", async () => {
  const { base, client } = await startTestScheduler();
  const page = async () => await (await fetch(base.metricsUrl)).text();
  const kinds = ["total", "observed", "used", "external", "committed", "quarantined"];
  const seriesOf = async (device: string) =>
    (await page()).split("\n").filter((line) => line.includes(`device="${device}"`)).length;
  const whole = kinds.length + 1;
  const kept = attach(client, "0");
  kept.report();
  const gpu: Partial<DeviceReport> = { deviceId: "GPU-1", kind: DeviceKind.GPU, totalBytes: 8 * gib };
  const going = attach(client, "1");
  going.report({ ...gpu, observedBytes: 7.875 * gib });
  await expect.poll(() => seriesOf("GPU-1")).toBe(whole);
  // A report without the device detaches it, as the end of the process does.
  going.report({ deviceId: "GPU-2", kind: DeviceKind.GPU, totalBytes: 8 * gib });
  await expect.poll(() => seriesOf("GPU-1")).toBe(0);
  await expect.poll(() => seriesOf("GPU-2")).toBe(whole);
  going.end();
  await going.ended;
  await expect.poll(() => seriesOf("GPU-2")).toBe(0);
  expect(await seriesOf("host-a")).toBe(whole);
  for (let restart = 0; restart < 20; restart++) {
    const pod = attach(client, `pod-${restart}`);
    pod.report({ deviceId: `host-pod-${restart}` });
    await expect.poll(() => seriesOf(`host-pod-${restart}`)).toBe(whole);
    pod.end();
    await pod.ended;
  }
  await expect.poll(async () => (await page()).includes("host-pod-")).toBe(false);
});

test("a scheduler that no longer leads exports no devices and slots", async () => {
  const { base, client, life } = await startTestScheduler();
  attach(client).report();
  const { metrics } = base;
  const page = async () => (await metrics.page()).text;
  await expect.poll(page).toContain('device="host-a"');
  await life.close();
  expect(await page()).not.toMatch(/^pixelmesh_(device_\w+|slots|slots_waiting)\{/m);
});
