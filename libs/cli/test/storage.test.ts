import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMesh } from "@pixelmesh/local-mesh";
import { expect, onTestFinished, test } from "vitest";
import { runProcess } from "./spawn-cli.ts";

/** Starts ingest and storage; `cold` is the shared store's setting. */
async function startStorageMesh(root: string, cold: string) {
  const services = ["ingest", "scheduler", "storage"] as const;
  // No sweep during the test: it would adopt the blob.
  const env = { ...process.env, PIXELMESH_STORAGE_COLD: cold, PIXELMESH_STORAGE_SWEEP_EVERY: "1h" };
  const mesh = await startMesh({ dataDir: mkdtempSync(join(root, "mesh-")), ports: "free", env, services });
  onTestFinished(() => mesh.stop(5_000));
  return (args: readonly string[]) => runProcess(["storage", ...args], { env: { PIXELMESH_ADDRESS: mesh.address } });
}

function createRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-fsck-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

test("storage fsck names a blob without an entry and exits with 1, repairs it, and then finds nothing", async () => {
  const root = createRoot();
  const coldDir = join(root, "cold");
  const bytes = randomBytes(5_000);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const folder = join(coldDir, "blobs", sha256.slice(0, 2), sha256.slice(2, 4));
  mkdirSync(coldDir);
  const run = await startStorageMesh(root, `file://${coldDir}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, sha256), bytes);

  const found = await run(["fsck"]);
  expect(found.out.toString()).toBe(
    `${sha256}  not-indexed  5000 bytes are stored\n1 blobs, 4.9 KiB; 0 entries; 1 differences, 0 repaired\n`,
  );
  expect(found.exitCode).toBe(1);
  const repaired = await run(["fsck", "--repair", "--verify", "--json"]);
  expect(
    repaired.out
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { sha256, kind: "not-indexed", repaired: true, detail: "5000 bytes are stored" },
    { summary: { blobs: 1, sizeBytes: 5_000, entries: 1, findings: 1, repaired: 1 } },
  ]);
  expect(repaired.exitCode).toBe(0);
  expect((await run(["fsck", "--verify"])).exitCode).toBe(0);
});

test("storage fsck says what to set where there is no shared store", async () => {
  const run = await startStorageMesh(createRoot(), "");
  const { exitCode, err } = await run(["fsck"]);
  expect(exitCode).toBe(1);
  expect(err).toContain("METHOD_UNIMPLEMENTED");
  expect(err).toContain("PIXELMESH_STORAGE_COLD");
});
