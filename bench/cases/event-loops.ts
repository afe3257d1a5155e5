import { loadavg } from "node:os";
import { isJobEnded, JobState, type PipelineInput, Quality } from "@pixelmesh/client";
import { encodeFrame } from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { drawTestFrame, startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { maxLagMs, readLoopLags, worstOf } from "../harness/event-loop-lag.ts";
import { startIdleProcess } from "../harness/idle-process.ts";
import { report } from "../harness/report.ts";

const rounds = 2;
const [widthPx, heightPx] = [3_840, 2_160];

const effect = (name: string) => ({ name });
const effects = ["black_and_white", "pop_art", "retro_8bit", "dither"];

/** Work for every worker on 4K pictures: each effect, a chain of effects, a cut-out with replaced background, a prescale and an upscale. */
const pipelines: Readonly<Record<string, PipelineInput>> = {
  ...Object.fromEntries(
    effects.map((name) => [
      name,
      { steps: [{ id: "fx", operation: { $case: "applyEffects", value: { effects: [effect(name)] } } }] },
    ]),
  ),
  chain: {
    steps: [{ id: "fx", operation: { $case: "applyEffects", value: { effects: effects.slice(0, 2).map(effect) } } }],
  },
  cutOut: {
    steps: [
      { id: "cut", operation: { $case: "removeBackground", value: {} } },
      {
        id: "behind",
        inputs: [{ from: { $case: "step", value: "cut" } }, { from: { $case: "upload", value: "source" } }],
        operation: { $case: "replaceBackground", value: { background: { $case: "blurSigmaPx", value: 40 } } },
      },
    ],
  },
  upscale: {
    steps: [
      { id: "small", operation: { $case: "prescale", value: { maxSidePx: 960 } } },
      { id: "up", operation: { $case: "upscale", value: { scale: 2 } } },
    ],
  },
};

/** Measures the maximum event-loop lag of the mesh while it processes large pictures of all pipelines at once. */
export async function eventLoopsCase(): Promise<boolean> {
  const picture = await encodeFrame(
    drawTestFrame(widthPx, heightPx),
    Encoding.fromPartial({ format: ImageFormat.JPEG }),
  );
  await using mesh = await startTestMesh({ env: { PIXELMESH_LOG_LEVEL: "warn" } });
  const idle = startIdleProcess();
  await runAll(mesh, picture.bytes);
  await readLoopLags(mesh.processes());
  await idle.readLag();
  const lagMs: Record<string, number>[] = [];
  for (let round = 0; round < rounds; round++) {
    await runAll(mesh, picture.bytes);
    lagMs.push({ ...(await readLoopLags(mesh.processes())), idleProcess: await idle.readLag() });
  }
  idle.close();
  return report("event-loops", [
    {
      name: `worst event-loop lag of any service, ${Object.keys(pipelines).length} jobs of ${widthPx}x${heightPx} at once`,
      value: Math.max(...lagMs.map(({ idleProcess: _, ...services }) => worstOf(services))),
      unit: "ms",
      bound: maxLagMs,
      details: { rounds, pipelines: Object.keys(pipelines), lagMs, load: loadavg()[0] },
    },
  ]);
}

async function runAll({ client }: TestMesh, bytes: Uint8Array): Promise<void> {
  await Promise.all(
    Object.entries(pipelines).map(async ([name, pipeline]) => {
      const job = await client.jobs.create({ pipeline, pictures: [{ bytes }], quality: Quality.HIGH, noCache: true });
      const ended = isJobEnded(job) ? job : await client.jobs.wait(job.id);
      if (ended.state !== JobState.SUCCEEDED) throw new Error(`${name} failed: ${ended.error?.message}`);
    }),
  );
}
