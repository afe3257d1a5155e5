import { expect, test } from "vitest";
import { moduleBeside, nodeFlags } from "./index.ts";

test("the module beside a TypeScript source is a source and needs Node flags", () => {
  const here = "file:///project/libs/x/src/threads/start.ts";
  expect(moduleBeside(here, "./work").href).toBe("file:///project/libs/x/src/threads/work.ts");
  expect(nodeFlags(here)).toContain("--conditions=development");
});

test("the module beside a built module is built and needs no Node flags", () => {
  const here = "file:///app/node_modules/@pixelmesh/x/dist/host/start.js";
  expect(moduleBeside(here, "../process/main").href).toBe("file:///app/node_modules/@pixelmesh/x/dist/process/main.js");
  expect(nodeFlags(here)).toEqual([]);
});
