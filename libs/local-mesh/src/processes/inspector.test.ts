import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { assertInspectorsFree, readInspectorLine, withInspector } from "./inspector.ts";

test("the inspector's flag precedes the main module", () => {
  expect(withInspector(["node", "--flag", "main.ts"], "127.0.0.1", 9229)).toEqual([
    "node",
    "--inspect=127.0.0.1:9229",
    "--flag",
    "main.ts",
  ]);
});

test("Node's lines about its inspector are recognised", () => {
  expect(readInspectorLine("Debugger listening on ws://127.0.0.1:9229/7f37-8cd7")).toEqual({
    url: "ws://127.0.0.1:9229/7f37-8cd7",
  });
  expect(readInspectorLine("Starting inspector on 127.0.0.1:9555 failed: address already in use")).toEqual({
    failure: "127.0.0.1:9555 failed: address already in use",
  });
  expect(readInspectorLine("For help, see: https://nodejs.org/learn")).toBeUndefined();
});

test("a taken inspector port is refused by name; port 0 is never taken", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  await expect(assertInspectorsFree(new Map([["upscale", port]]), "127.0.0.1")).rejects.toThrow(
    `Expected port ${port} (upscale, inspector) to be free`,
  );
  await assertInspectorsFree(new Map([["upscale", 0]]), "127.0.0.1");
});
