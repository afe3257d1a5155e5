/** `make demo`: starts a mesh, sends one picture through it twice, writes the results to out/, stops the mesh. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, parse } from "node:path";
import { ImageFormat, type Job, JobState, type Pixelmesh, reasonFromEnum } from "@pixelmesh/client";
import { createContactSheet, decodePicture, defaultLimits, encodeFrame, toFormatExtension } from "@pixelmesh/imaging";
import { runWithMesh } from "@pixelmesh/local-mesh";
import { Encoding } from "@pixelmesh/proto";
import { roles } from "@pixelmesh/roles";
import { modelsDir, pullRecommended } from "./demo/models.ts";
import { demoPipeline, maxSourceSidePx } from "./demo/pipeline.ts";
import { stepTable } from "./demo/table.ts";

const [path = "examples/portrait-object.jpg"] = process.argv.slice(2);
const outDir = "out";

async function run(client: Pixelmesh, picture: Uint8Array): Promise<{ job: Job; ms: number }> {
  const startMs = performance.now();
  const { id } = await client.jobs.create({ pipeline: demoPipeline(), pictures: [{ bytes: picture }] });
  const job = await client.jobs.wait(id);
  return { job, ms: Math.round(performance.now() - startMs) };
}

async function download(client: Pixelmesh, { id, outputs }: Job, stem: string): Promise<Uint8Array[]> {
  const pictures: Uint8Array[] = [];
  for (const { name } of outputs) {
    const { header, chunks } = await client.jobs.download(id, name);
    const bytes = Buffer.concat(await Array.fromAsync(chunks));
    const file = join(outDir, `${stem}.${name}.${toFormatExtension(header.format)}`);
    await writeFile(file, bytes);
    console.log(`  ${file}  ${header.widthPx}×${header.heightPx}  ${Math.round(bytes.length / 1024)} KiB`);
    if (header.format !== ImageFormat.UNSPECIFIED) pictures.push(bytes);
  }
  return pictures;
}

async function toSheet(pictures: readonly Uint8Array[]): Promise<Uint8Array> {
  const frames = await Promise.all(pictures.map(async (bytes) => (await decodePicture(bytes, defaultLimits)).frame));
  const sheet = await createContactSheet(frames);
  return (await encodeFrame(sheet, Encoding.fromPartial({ format: ImageFormat.PNG }))).bytes;
}

async function demo(client: Pixelmesh): Promise<boolean> {
  const models = await client.models();
  const missing = [
    ...(models.some((model) => model.task === "upscale" && model.scale === 4 && model.available)
      ? []
      : ["an upscaler ×4"]),
    ...(models.some((model) => model.task === "matte" && model.available) ? [] : ["a matte model"]),
  ];
  if (missing.length > 0) {
    console.error(
      `demo: no model is to be had for ${missing.join(" and ")}. Put one into models/ or name a directory in PIXELMESH_MODELS_DIR.`,
    );
    return false;
  }
  const picture = await readFile(path);
  console.log(`\n${path}: fit to ${maxSourceSidePx} px, upscale ×4, cut out, four effects side by side`);
  const first = await run(client, picture);
  if (first.job.state !== JobState.SUCCEEDED) {
    const { reason, message } = first.job.error ?? { reason: 0, message: "no reason given" };
    console.error(`demo: the job failed: ${reasonFromEnum(reason as never)}: ${message}`);
    return false;
  }
  console.log(`${stepTable(first.job)}\n  in all ${first.ms} ms\n`);
  await mkdir(outDir, { recursive: true });
  const pictures = await download(client, first.job, parse(path).name);
  const sheet = join(outDir, "contact-sheet.png");
  await writeFile(sheet, await toSheet([picture, ...pictures]));
  console.log(`  ${sheet}  (all of them)\n\nthe same again, from stored results`);
  const second = await run(client, picture);
  console.log(`${stepTable(second.job)}\n  in all ${second.ms} ms, ${Math.round(first.ms / second.ms)} times faster\n`);
  return second.job.steps.every(({ cached }) => cached);
}

await pullRecommended();
console.log("starting a mesh: a broker and all services on loopback");
await runWithMesh(
  "demo",
  (client, mesh) => {
    for (const { name, grpc } of mesh.processes()) console.log(`  ${name.padEnd(10)} ${grpc}`);
    return demo(client);
  },
  { modelsDirs: [modelsDir] },
);
console.log(`stopped\n\nIn a browser: run bin/pixelmesh up, then open http://127.0.0.1:${roles.gateway.port}/`);
