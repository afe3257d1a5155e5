import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { assertClientOnly, bundleClient } from "./bundle-client.ts";

test("the bundle of the SDK holds no code of a server, no metrics and no loggers", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-bundle-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const bundle = await bundleClient(join(dir, "index.cjs"));
  assertClientOnly(bundle);
  expect(bundle.exports).toEqual(expect.arrayContaining(["AppError", "connectPixelmesh", "isRetryable", "pipeline"]));
  expect(bundle.modules.filter((path) => /metrics|logs\//.test(path))).toEqual([]);
});

test("a bundle with a server's code, or with a further package, is refused", () => {
  const bundle = { exports: [], imports: ["nice-grpc"], modules: ["libs/client/src/index.ts"] };
  expect(() => assertClientOnly(bundle)).not.toThrow();
  expect(() => assertClientOnly({ ...bundle, imports: ["pino"] })).toThrow("not to import pino");
  const server = "libs/rpc/src/server/start-server.ts";
  expect(() => assertClientOnly({ ...bundle, modules: [server] })).toThrow(server);
});
