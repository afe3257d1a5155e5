import { expect, test } from "vitest";
import { moduleBeside, nodeFlags } from "./index.ts";

test("beside a source is a source, which needs flags", () => {
  const here = "file:///project/libs/x/src/threads/start.ts";
  expect(moduleBeside(here, "./work").href).toBe("file:///project/libs/x/src/threads/work.ts");
  expect(nodeFlags(here)).toContain("--conditions=development");
});

test("beside a built module is a built one, which needs none", () => {
  const here = "file:///app/node_modules/@pixelmesh/x/dist/host/start.js";
  expect(moduleBeside(here, "../process/main").href).toBe("file:///app/node_modules/@pixelmesh/x/dist/process/main.js");
  expect(nodeFlags(here)).toEqual([]);
});
