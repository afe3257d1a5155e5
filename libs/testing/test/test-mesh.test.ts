import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Priority } from "@pixelmesh/client";
import { encodeFrame } from "@pixelmesh/imaging";
import { ImageFormat } from "@pixelmesh/proto";
import { expect, test, vi } from "vitest";
import { drawTestFrame, loadTestPicture, startTestMesh } from "../src/index.ts";

test("a test mesh runs a job, restarts a killed worker, and leaves no process", async () => {
  const pids: number[] = [];
  {
    await using mesh = await startTestMesh({ services: ["ingest", "scheduler", "storage", "effects"] });
    const frame = drawTestFrame(200, 120);
    const png = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };
    const { bytes } = await encodeFrame(frame, png);

    const { jobs } = mesh.client;
    const created = await jobs.create({
      pipeline: {
        steps: [{ id: "smaller", operation: { $case: "prescale", value: { maxSidePx: 100 } } }],
        outputs: [{ name: "result", step: "smaller", encoding: png }],
      },
      pictures: [{ bytes }],
      priority: Priority.BATCH,
    });
    const job = await jobs.wait(created.id);
    expect(job.error).toBeUndefined();
    const { header, chunks } = await jobs.download(job.id, "result");
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    expect([header.widthPx, header.heightPx]).toEqual([100, 60]);
    const path = join(mesh.dataDir, "result.png");
    await writeFile(path, Buffer.concat(parts));
    const { frame: small } = await loadTestPicture(path);
    expect([small.widthPx, small.heightPx, small.channels]).toEqual([100, 60, 3]);

    const before = mesh.processes();
    mesh.kill("effects");
    await vi.waitFor(() => expect(mesh.events().some(({ kind }) => kind === "restarted")).toBe(true), 10_000);
    pids.push(...before.map(({ pid }) => pid), ...mesh.processes().map(({ pid }) => pid));
    expect(new Set(pids).size).toBe(before.length + 1);
    expect(mesh.logs("ingest")).toContain("job created");
  }
  expect(pids.filter(isAlive)).toEqual([]);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
