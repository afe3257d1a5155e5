import { expect, test } from "vitest";
import { toGpuProcesses } from "./parse-processes.ts";

const [a, b] = ["GPU-a76d37d7-5ed0-58d9-6087-b18fee984570", "GPU-1b724e78-eef5-4163-d43c-e4da15d41176"];

test("processes are listed by GPU; memory that the driver hides is undefined", () => {
  const output = `${a}, 4121, 812\n${a}, 4122, [N/A]\n${b}, 77, [Not Supported]\n${b}, 78, 10 MiB\n`;
  expect(toGpuProcesses(output)).toEqual(
    new Map([
      [
        a,
        new Map([
          [4121, 812 * 1024 ** 2],
          [4122, undefined],
        ]),
      ],
      [
        b,
        new Map([
          [77, undefined],
          [78, 10 * 1024 ** 2],
        ]),
      ],
    ]),
  );
});

test.each(["", "No devices were found\n", "Failed to initialize NVML: Unknown Error", `${a}, [Not Found], 5\n`])(
  "`%s` lists no process",
  (output) => expect(toGpuProcesses(output).size).toBe(0),
);
