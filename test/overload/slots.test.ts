import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { JobState } from "@pixelmesh/client";
import { findTestModels, startTestMesh } from "@pixelmesh/testing";
import { step } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { expect, test } from "vitest";

type Mesh = Awaited<ReturnType<typeof startTestMesh>>;

const processOf = (mesh: Mesh, name: string) => mesh.processes().find((process) => process.name === name)!;

/** CPU time in ticks of the inference hosts of a process: fields 4, 14 and 15 of /proc/<pid>/stat. */
function hostTicks(parentPid: number): number {
  const stats = readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
      return Number(fields[1]) === parentPid ? [Number(fields[11]) + Number(fields[12])] : [];
    } catch {
      return []; // Ended meanwhile.
    }
  });
  return stats.reduce((sum, ticks) => sum + ticks, 0);
}

const models = findTestModels();

test.skipIf(!models)(
  "while the scheduler is stopped, a running upscale ends at its next tile, and nothing runs until the scheduler is back",
  async () => {
    await using mesh = await startTestMesh({
      modelsDirs: [models as string],
      env: { PIXELMESH_SCHEDULER_GRANT_VALID: "3s", PIXELMESH_NATS_ACK_WAIT: "5s" },
    });
    const noise = { type: "gaussian" as const, mean: 128, sigma: 40 };
    const picture = await sharp({ create: { width: 2400, height: 1600, channels: 3, background: "#888", noise } })
      .jpeg({ quality: 80 })
      .toBuffer();
    const pipeline = {
      steps: [step("up", { $case: "upscale", value: { scale: 4, model: "FSRCNN_x4" } })],
    };
    const job = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: picture }], noCache: true });
    for await (const { steps } of mesh.client.jobs.watch(job.id)) if (steps[0]!.progress > 0.05) break;

    const scheduler = processOf(mesh, "scheduler").pid;
    const upscale = processOf(mesh, "upscale").pid;
    process.kill(scheduler, "SIGSTOP");
    try {
      // The grant expires within 3 s; the running tile ends some seconds later.
      await expect.poll(() => mesh.logs("upscale")).toContain('"reason":"GRANT_EXPIRED"');
      expect((await mesh.client.jobs.get(job.id)).state).toBe(JobState.RUNNING);
      const before = hostTicks(upscale);
      expect(before).toBeGreaterThan(0);
      await sleep(3_000);
      expect(hostTicks(upscale) - before).toBeLessThanOrEqual(5);
    } finally {
      process.kill(scheduler, "SIGCONT");
    }
    const ended = await mesh.client.jobs.wait(job.id);
    expect(ended).toMatchObject({ state: JobState.SUCCEEDED, error: undefined });
    expect(ended.steps[0]!.attempt).toBeGreaterThan(1);
  },
);
