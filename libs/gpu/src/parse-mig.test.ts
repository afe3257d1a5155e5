import { expect, test } from "vitest";
import { migList, migXml } from "../test/mig.ts";
import { toMigInstances } from "./parse-mig.ts";

const mib = 1024 ** 2;

test("each instance is returned with its own UUID, memory and processes", () => {
  expect(toMigInstances(migList, migXml)).toEqual([
    {
      uuid: "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f",
      name: "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
      totalBytes: 4864 * mib,
      usedBytes: 13 * mib,
      processes: new Map(),
    },
    {
      uuid: "MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb",
      name: "NVIDIA A100-SXM4-40GB MIG 3g.20gb",
      totalBytes: 19_968 * mib,
      usedBytes: 1025 * mib,
      processes: new Map([[4711, 1000 * mib]]),
    },
  ]);
});

test("without the list there are no instances, without the details their memory is unknown", () => {
  expect(toMigInstances("Failed to initialize NVML: Unknown Error", migXml)).toEqual([]);
  expect(toMigInstances(migList, "")).toMatchObject([{ totalBytes: undefined }, { totalBytes: undefined }]);
});
