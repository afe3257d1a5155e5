import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { bin } from "../harness/cli-mesh.ts";
import { type Figure, report } from "../harness/report.ts";

const pictures = Number(process.env.PICTURES || 2_000);
const sampleEveryMs = 250;
const mib = 2 ** 20;
const maxPeakMiB = 250;
/** A leak of 16 KiB a picture would be above it with 2,000 pictures, and the steps of a heap are below. */
const maxGrowthMiB = 30;

/**
 * Runs `pixelmesh run` and `pixelmesh watch --once` over a folder of PICTURES (2,000) different small pictures, which all are there at once, with a mesh of other
 * processes. Measures the resident memory of the command alone.
 */
export async function cliMemoryCase(): Promise<boolean> {
  if (!(pictures >= 200)) throw new Error(`Expected PICTURES to be at least 200, got ${process.env.PICTURES}`);
  const bench = await startBenchMesh();
  try {
    const inbox = join(bench.dir, "in");
    mkdirSync(inbox);
    for (let at = 0; at < pictures; at += 1) writeFileSync(join(inbox, `${at}.png`), await makePicture(at));
    const figures: Figure[] = [];
    for (const words of [["run"], ["watch", "--once"]]) {
      const [command = ""] = words;
      const outDir = join(bench.dir, command);
      const args = ["--out-dir", outDir, "--report", join(bench.dir, `${command}.csv`), "--effect", "invert"];
      const samples = await measure([...words, inbox, ...args, "--address", bench.mesh.address], outDir);
      figures.push(...toFigures(command, samples));
    }
    return report("cli-memory", figures);
  } finally {
    await bench.close();
  }
}

/** A picture of 64×48 pixels, different for each number. */
function makePicture(at: number): Promise<Buffer> {
  const raw = { width: 64, height: 48, channels: 3 as const };
  const samples = Buffer.from(
    Array.from({ length: 64 * 48 * 3 }, (_, index) => (index * 7 + at * 13 + (index % 11) * at) % 256),
  );
  return sharp(samples, { raw }).png().toBuffer();
}

type Sample = { readonly done: number; readonly resident: number };
type Samples = { readonly all: readonly Sample[]; readonly peak: number; readonly ms: number };

async function measure(args: readonly string[], outDir: string): Promise<Samples> {
  const startMs = performance.now();
  const child = spawn(bin, args, { stdio: ["ignore", "ignore", "pipe"] });
  let last = "";
  child.stderr.on("data", (chunk: Buffer) => {
    last = `${last}${chunk}`.slice(-500);
  });
  const exited = once(child, "close");
  const all: Sample[] = [];
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      const bytesOf = (name: string) =>
        Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))?.[1] ?? Number.NaN) * 1_024;
      peak = Math.max(peak, bytesOf("VmHWM") || 0);
      all.push({ done: readdirSync(outDir).length, resident: bytesOf("VmRSS") });
    } catch {
      // The folder does not exist yet, or the command has just ended.
    }
  }, sampleEveryMs);
  const [exitCode] = await exited;
  clearInterval(timer);
  if (exitCode !== 0) throw new Error(`Expected the command to succeed, got exit code ${exitCode}: ${last}`);
  return { all: all.filter(({ resident }) => resident > 0), peak, ms: performance.now() - startMs };
}

function toFigures(command: string, { all, peak, ms }: Samples): Figure[] {
  const round = (bytes: number) => Number((bytes / mib).toFixed(1));
  /** The highest memory while this part of the pictures was processed. */
  const highest = (from: number, to: number) =>
    Math.max(
      ...all.filter(({ done }) => done >= from * pictures && done <= to * pictures + 1).map(({ resident }) => resident),
    );
  const thirds = [highest(0, 1 / 3), highest(1 / 3, 2 / 3), highest(2 / 3, 1)];
  const details = { pictures, seconds: Number((ms / 1_000).toFixed(1)), highestOfThirdsMiB: thirds.map(round) };
  const growth = round((thirds[2] ?? Number.NaN) - (thirds[1] ?? Number.NaN));
  return [
    { name: `${command}: highest resident memory`, value: round(peak), unit: "MiB", bound: maxPeakMiB, details },
    { name: `${command}: last third above the second`, value: growth, unit: "MiB", bound: maxGrowthMiB, details },
  ];
}
