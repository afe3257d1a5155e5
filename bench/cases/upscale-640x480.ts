import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startMesh } from "@pixelmesh/cli";
import { connectPixelmesh, JobState, type Pixelmesh } from "@pixelmesh/client";
import { ImageFormat } from "@pixelmesh/proto";
import sharp from "sharp";
import { type Figure, report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";
import { startStraight } from "../harness/straight-process.ts";

const model = "realesr-general-x4v3";
const pairs = 7;

/** One picture of 640×480 ×4, warm: from the first byte sent to the last received, against the straight script. */
export async function upscaleCase(): Promise<boolean> {
  const modelsDir = process.env.PIXELMESH_MODELS_DIR ?? "";
  const modelPath = join(modelsDir, `${model}.onnx`);
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-bench-"));
  const path = join(dir, "picture.jpg");
  const scene = fileURLToPath(new URL("../../examples/still-life.jpg", import.meta.url));
  await writeFile(
    path,
    await sharp(await readFile(scene))
      .resize(640, 480)
      .jpeg({ quality: 92 })
      .toBuffer(),
  );
  const picture = await readFile(path);

  const mesh = await startMesh({ dataDir: join(dir, "mesh"), ports: "free", env: process.env });
  const client = connectPixelmesh({ address: mesh.address });
  const straight = startStraight(modelPath, availableParallelism());
  try {
    await runJob(client, picture);
    await straight.run(path);
    const meshMs: number[] = [];
    const straightMs: number[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      meshMs.push(await runJob(client, picture));
      straightMs.push((await straight.run(path)).ms);
    }
    const ratios = meshMs.map((ms, at) => ms / (straightMs[at] as number));
    const details = {
      pairs,
      model,
      threads: availableParallelism(),
      durability: "page cache unless the broker is 2.10 or newer",
      meshMs: spread(meshMs),
      straightMs: spread(straightMs),
      ratio: spread(ratios, 3),
    };
    const figure: Figure = {
      name: `640×480 ×4 with ${model}, warm: mesh / straight script`,
      value: details.ratio.median,
      unit: "×",
      bound: 1.12,
      details,
    };
    return report("upscale-640x480", [figure]);
  } finally {
    client.close();
    await straight.close();
    await mesh.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function runJob(client: Pixelmesh, picture: Uint8Array): Promise<number> {
  const startMs = performance.now();
  const { id } = await client.jobs.create({
    pipeline: {
      steps: [{ id: "upscale", operation: { $case: "upscale", value: { scale: 4, model } } }],
      outputs: [{ name: "result", encoding: { format: ImageFormat.JPEG } }],
    },
    pictures: [{ bytes: picture }],
    noCache: true,
  });
  const job = await client.jobs.wait(id);
  if (job.state !== JobState.SUCCEEDED) throw new Error(`The job failed: ${job.error?.message}`);
  const { chunks } = await client.jobs.download(id, "result");
  for await (const _chunk of chunks) {
    // Only its arrival counts.
  }
  return performance.now() - startMs;
}
