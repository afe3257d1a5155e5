import { expect, test } from "vitest";
import { toGpuLine } from "./parse-gpus.ts";

const mib = 1024 ** 2;
const uuid = "GPU-a76d37d7-5ed0-58d9-6087-b18fee984570";
const read = (line: string) => {
  const parsed = toGpuLine(line);
  if (parsed.kind !== "gpu") throw new Error(`Expected a GPU in ${line}`);
  return parsed.gpu;
};

test("a GPU is read with its UUID, name and memory; memory that is neither used nor free counts as used", () => {
  expect(read(`0, ${uuid}, NVIDIA H200, 143771, 1204, 141930, Disabled`)).toEqual({
    index: 0,
    uuid,
    name: "NVIDIA H200",
    isMig: false,
    totalBytes: 143_771 * mib,
    usedBytes: 1_841 * mib,
  });
});

test("older drivers omit the field for MIG, and consumer cards report [N/A] in it", () => {
  expect(read(`1, ${uuid}, TITAN Xp, 12196, 10, 12186`)).toMatchObject({ index: 1, name: "TITAN Xp", isMig: false });
  expect(read(`0, ${uuid}, NVIDIA GeForce RTX 4090, 24564, 4, 24080, [N/A]`)).toMatchObject({
    name: "NVIDIA GeForce RTX 4090",
    usedBytes: 484 * mib,
    isMig: false,
  });
});

test("units and names with commas are accepted", () => {
  expect(read(`0, ${uuid}, Quadro, special, 4096 MiB, 96 MiB, 4000 MiB, Disabled`)).toMatchObject({
    name: "Quadro, special",
    totalBytes: 4096 * mib,
    usedBytes: 96 * mib,
  });
});

test("a GPU with MIG instances is marked, and may hide its own memory in a container", () => {
  const hidden = "[Insufficient Permissions]";
  expect(read(`0, ${uuid}, NVIDIA A100-SXM4-40GB, ${hidden}, ${hidden}, ${hidden}, Enabled`)).toMatchObject({
    isMig: true,
    totalBytes: undefined,
    usedBytes: undefined,
  });
});

test.each(["ERR!", "[N/A]", "N/A", "[Not Supported]", "[Unknown Error]", "[GPU is lost]", "[GPU requires reset]", ""])(
  "memory of `%s` is unknown",
  (value) => {
    expect(read(`0, ${uuid}, NVIDIA L4, ${value}, ${value}, ${value}, Disabled`)).toMatchObject({
      name: "NVIDIA L4",
      totalBytes: undefined,
      usedBytes: undefined,
    });
    expect(read(`0, ${uuid}, NVIDIA L4, 23034, ${value}, 22000, Disabled`).usedBytes).toBeUndefined();
  },
);

test.each([
  "No devices were found",
  "Failed to initialize NVML: Unknown Error",
  "Failed to initialize NVML: Driver/library version mismatch",
  "NVML library version: 550.54",
  "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
  "Unable to determine the device handle for GPU0000:01:00.0: Unknown Error",
  'Field "mig.mode.current" is not a valid field to query.',
  "0, [Unknown Error], NVIDIA L4, 23034, 1, 22000, Disabled",
])("`%s` is a message", (text) => {
  expect(toGpuLine(text)).toEqual({ kind: "message", text });
});

test("an empty line is blank", () => {
  expect(toGpuLine("\r\n")).toEqual({ kind: "blank" });
});
