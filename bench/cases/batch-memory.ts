import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { type BenchMesh, startBenchMesh } from "../harness/bench-mesh.ts";
import { bin } from "../harness/cli-mesh.ts";
import { readAnonymous } from "../harness/machine.ts";
import { readMeshMemory } from "../harness/mesh-memory.ts";
import { type Figure, report } from "../harness/report.ts";
import { type Sides, toScene } from "../harness/scenes.ts";
import { median } from "../harness/stats.ts";

const pictures = Number(process.env.PICTURES || 2_000);
const sampleEveryMs = 2_000;
const mib = 2 ** 20;
const maxCommandMiB = 250;
/**
 * Allowed rise from the second quarter of the pictures to the last one: a share, or the steps of a JavaScript heap that grows before it is collected. With
 * 2,000 pictures a leak of 24 KiB a picture is above it.
 */
const maxRise = 0.05;
const stepMiB = 24;
/** A process with fewer samples in a quarter has no figure: narrow inference hosts end when they are not used. */
const leastSamples = 5;

/** Anonymous memory of one process when so many pictures were finished. */
type Sample = { readonly done: number; readonly mib: number };

/**
 * Cuts out a folder of PICTURES (2,000) different photographs of 0.3 to 1 megapixel with `pixelmesh run` and the bundled matte. Samples the anonymous memory of
 * the command and of every process of the mesh, and compares the median of the last quarter with that of the second one: in the first quarter heaps, pools and
 * caches fill.
 */
export async function batchMemoryCase(): Promise<boolean> {
  if (!(pictures >= 100)) throw new Error(`Expected PICTURES to be at least 100, got ${process.env.PICTURES}`);
  const bench = await startBenchMesh();
  try {
    const inbox = join(bench.dir, "in");
    await mkdir(inbox);
    for (let at = 0; at < pictures; at += 1)
      await writeFile(join(inbox, `${at}.jpg`), await toScene(sizeOf(at), at % 360));
    const startMs = performance.now();
    const { command, mesh } = await runAndSample(bench, inbox);
    const details = { pictures, seconds: Math.round((performance.now() - startMs) / 1_000), load: loadavg()[0] };
    return report(
      "batch-memory",
      toFigures(command, mesh, details),
      `make bench CASE=batch-memory PICTURES=${pictures}`,
    );
  } finally {
    await bench.close();
  }
}

/** Sizes from 640×480 to 1,152×864, so that no two pictures are equal and memory of one size does not always suit the next. */
function sizeOf(at: number): Sides {
  const widthPx = 640 + ((at * 37) % 513);
  return { widthPx, heightPx: Math.round(widthPx * 0.75) };
}

async function runAndSample(
  { mesh, dir }: BenchMesh,
  inbox: string,
): Promise<{ readonly command: readonly Sample[]; readonly mesh: ReadonlyMap<string, readonly Sample[]> }> {
  const outDir = join(dir, "out");
  await mkdir(outDir);
  const args = ["run", inbox, "--remove-background", "--cutout-model", "pixelmesh-matte", "--priority", "batch"];
  const child = spawn(bin, [...args, "--out-dir", outDir, "--no-cache", "--quiet", "--address", mesh.address], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors = `${errors}${chunk}`.slice(-500);
  });
  const exited = once(child, "close");
  const command: Sample[] = [];
  const ofMesh = new Map<string, Sample[]>();
  const timer = setInterval(() => {
    const done = readdirSync(outDir).length;
    try {
      command.push({ done, mib: readAnonymous(child.pid ?? 0) / mib });
    } catch {
      // It has just ended.
    }
    for (const { name, pid, anonymous } of readMeshMemory(mesh)) {
      const key = `${name} (${pid})`;
      ofMesh.set(key, [...(ofMesh.get(key) ?? []), { done, mib: anonymous / mib }]);
    }
  }, sampleEveryMs);
  const [exitCode] = await exited;
  clearInterval(timer);
  if (exitCode !== 0) throw new Error(`Expected the command to succeed, got exit code ${exitCode}: ${errors}`);
  return { command, mesh: ofMesh };
}

function toFigures(
  command: readonly Sample[],
  mesh: ReadonlyMap<string, readonly Sample[]>,
  details: Readonly<Record<string, unknown>>,
): Figure[] {
  const round = (value: number) => Number(value.toFixed(1));
  const figures: Figure[] = [
    {
      name: "anonymous memory of the command, highest",
      value: Math.round(Math.max(...command.map((sample) => sample.mib))),
      unit: "MiB",
      bound: maxCommandMiB,
      details,
    },
  ];
  for (const [name, samples] of [["command", command] as const, ...mesh]) {
    const quarters = [0, 1, 2, 3].map((quarter) =>
      samples
        .filter(({ done }) => Math.min(3, Math.floor((4 * done) / pictures)) === quarter)
        .map((sample) => sample.mib),
    );
    const [, second = [], , last = []] = quarters;
    if (second.length < leastSamples || last.length < leastSamples) continue;
    const [before, after] = [median(second), median(last)];
    figures.push({
      name: `${name.replace(/ \(\d+\)$/, "")}: anonymous memory in the last quarter of the pictures above that in the second, medians`,
      value: round(after - before),
      unit: "MiB",
      bound: round(Math.max(maxRise * before, stepMiB)),
      details: {
        medianMiBOfQuarters: quarters.map((each) => (each.length === 0 ? undefined : Math.round(median(each)))),
      },
    });
  }
  return figures;
}
