import { createReplay, type Replayed } from "@pixelmesh/testing/gpu";
import { expect, onTestFinished, test } from "vitest";
import { startGpuReader } from "../src/index.ts";
import { migList, migXml } from "./mig.ts";

const mib = 1024 ** 2;
const [a, b] = ["GPU-a76d37d7-5ed0-58d9-6087-b18fee984570", "GPU-1b724e78-eef5-4163-d43c-e4da15d41176"];
const healthy = (used = 1_000) => `0, ${a}, NVIDIA L4, 23034, ${used}, ${22_500 - used}, Disabled`;
const polling = { interval: 50 };

/** Starts a reader of a replayed tool with short intervals. */
function start(first: Replayed) {
  const replay = createReplay(first);
  const logged: string[] = [];
  const log = {
    info: (_: object, message: string) => void logged.push(message),
    warn: (fields: { detail?: string }) => void logged.push(fields.detail ?? ""),
  };
  const reader = startGpuReader({ log, command: replay.path, everyMs: 200, maxBackOffMs: 400 });
  onTestFinished(async () => {
    await reader.close();
    replay[Symbol.dispose]();
  });
  return { ...replay, reader, logged, ids: () => reader.gpus().map(({ deviceId }) => deviceId) };
}

test("a GPU is listed as long as the tool prints it, with the memory of its processes", async () => {
  const { reader, replay } = start({ gpus: [healthy()], apps: `${a}, 4711, 812\n` });
  expect(await reader.firstReading(10_000)).toBeUndefined();
  await expect.poll(() => reader.gpus()[0]?.processes, polling).toEqual(new Map([[4711, 812 * mib]]));
  expect(reader.gpus()).toMatchObject([
    { deviceId: a, name: "NVIDIA L4", totalBytes: 23_034 * mib, observedBytes: 1_534 * mib },
  ]);
  replay({ gpus: [healthy(5_000)] });
  await expect
    .poll(() => reader.gpus()[0], polling)
    .toMatchObject({ observedBytes: 5_534 * mib, processes: new Map() });
});

test.each([
  ["No devices were found", 6],
  ["Failed to initialize NVML: Driver/library version mismatch", 18],
  ["Unable to determine the device handle for GPU0000:01:00.0: Unknown Error", 15],
])("`%s`: no GPU is listed until the driver works again", async (message, exit) => {
  const { reader, replay, ids, logged } = start({ message, exit });
  expect(await reader.firstReading(1_000)).toBe(message);
  replay({ gpus: [healthy()] });
  await expect.poll(ids, polling).toEqual([a]);
  replay({ message, exit });
  await expect.poll(ids, polling).toEqual([]);
  replay({ gpus: [healthy()] });
  await expect.poll(ids, polling).toEqual([a]);
  expect(logged).toEqual([message, "GPUs can be read", message, "GPUs can be read"]);
});

test("the tool may be missing, removed and installed again", async () => {
  const { reader, replay, ids, install, uninstall } = start({ message: "ended by its owner", exit: 1 });
  uninstall();
  await expect.poll(() => reader.firstReading(100), polling).toContain("ENOENT");
  replay({ gpus: [healthy()] });
  install();
  await expect.poll(ids, polling).toEqual([a]);
  uninstall();
  replay({ message: "ended by its owner", exit: 1 });
  await expect.poll(ids, polling).toEqual([]);
  replay({ gpus: [healthy()] });
  install();
  await expect.poll(ids, polling).toEqual([a]);
});

test("a GPU in error is not listed, its neighbour is", async () => {
  const { replay, ids } = start({ gpus: [healthy(), `1, ${b}, NVIDIA L4, 23034, 4, 22496, Disabled`] });
  await expect.poll(ids, polling).toEqual([a, b]);
  for (const broken of ["ERR!", "[GPU is lost]", "[Unknown Error]"]) {
    replay({ gpus: [healthy(), `1, ${b}, NVIDIA L4, 23034, ${broken}, ${broken}, Disabled`] });
    await expect.poll(ids, polling).toEqual([a]);
  }
});

test("readings of a hanging driver expire, and the tool is started again", async () => {
  const { replay, ids } = start({ gpus: [healthy()], hangs: true });
  await expect.poll(ids, polling).toEqual([a]);
  await expect.poll(ids, polling).toEqual([]);
  replay({ gpus: [healthy()] });
  await expect.poll(ids, polling).toEqual([a]);
});

test("a driver without MIG is queried without that field", async () => {
  const { ids } = start({ gpus: [`0, ${a}, TITAN Xp, 12196, 10, 12186`], isOld: true });
  await expect.poll(ids, polling).toEqual([a]);
});

test("in a container processes may lack their memory", async () => {
  const { reader } = start({ gpus: [healthy()], apps: `${a}, 1, [N/A]\n` });
  await expect.poll(() => reader.gpus()[0]?.processes, polling).toEqual(new Map([[1, undefined]]));
});

test("MIG instances replace their GPU as devices", async () => {
  const hidden = "[Insufficient Permissions]";
  const card = `0, GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77, NVIDIA A100-SXM4-40GB, ${hidden}, ${hidden}, ${hidden}, Enabled`;
  const { reader } = start({ gpus: [card], list: migList, xml: migXml });
  await expect.poll(() => reader.gpus().length, polling).toBe(2);
  expect(reader.gpus()[1]).toEqual({
    deviceId: "MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb",
    name: "NVIDIA A100-SXM4-40GB MIG 3g.20gb",
    totalBytes: 19_968 * mib,
    observedBytes: 1_025 * mib,
    processes: new Map([[4711, 1_000 * mib]]),
  });
});
