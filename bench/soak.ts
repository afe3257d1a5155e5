/**
 * `make soak`: runs 5,000 small pictures (PICTURES) through one mesh, each a job without a stored result. Samples the memory of every
 * process. In the first third caches, pools and heaps fill; after that no process may grow by more than `maxGrowthMiB`. Exits with 1 if
 * one does. V8 may double the space for young objects at any time, up to 128 MiB, so services get all of it from the start.
 */
import { loadavg } from "node:os";
import { setTimeout } from "node:timers/promises";
import { isJobEnded, JobState } from "@pixelmesh/client";
import { serviceCommand } from "@pixelmesh/local-mesh";
import type { Step } from "@pixelmesh/proto";
import { startBenchMesh } from "./harness/bench-mesh.ts";
import { peakRise, toBlocks } from "./harness/growth.ts";
import { readMeshMemory } from "./harness/mesh-memory.ts";
import { type Figure, report } from "./harness/report.ts";
import { toScene } from "./harness/scenes.ts";

const pictures = Number(process.env.PICTURES || 5_000);
const inFlight = 8;
const sampleEveryMs = 1_000;
/** A quarter of the capacity of two cores, so that the first third is longer than the two minutes for which the broker remembers message ids. */
const picturesPerSecond = 10;
const size = { widthPx: 64, heightPx: 48 };
/**
 * Allowed rise of a process's peaks for every thousand pictures, in MiB, for data that is kept of a job for some time. Leaked pictures of
 * this size, decoded and enlarged, would be 44 MiB.
 */
const maxGrowthMiB = 4;
/** Allowed rise for any number of pictures, in MiB: the largest step of a heap or an allocator. */
const stepMiB = 8;
/** The broker keeps some eight messages of each job for a week, in files, and an index of their subjects in memory. */
const maxBrokerGrowthMiB = 12;

if (!(pictures >= 500)) throw new Error(`Expected PICTURES to be at least 500, got ${process.env.PICTURES}`);

/** Steps for every worker: all pictures are upscaled, some get an effect, a few a cut-out. */
function toSteps(at: number): { id: string; operation: Step["operation"] }[] {
  const upscale = { $case: "upscale" as const, value: { scale: 2, model: "pixelmesh-sr-x2" } };
  const effect = { $case: "applyEffects" as const, value: { effects: [{ name: "black_and_white", parameters: {} }] } };
  const cut = { $case: "removeBackground" as const, value: { model: "pixelmesh-matte" } };
  const steps = [upscale, ...(at % 4 === 0 ? [effect] : []), ...(at % 20 === 0 ? [cut] : [])];
  return steps.map((operation, index) => ({ id: `s${index}`, operation }));
}

const mesh = await startBenchMesh(
  {},
  {
    command(name) {
      const [file, ...args] = serviceCommand(name, process.execPath);
      return [file, "--min-semi-space-size=64", ...args];
    },
  },
);
const samples = new Map<string, { picture: number; anonymous: number; resident: number }[]>();
let done = 0;
const startMs = performance.now();
const sample = () => {
  for (const { name, pid, anonymous, resident } of readMeshMemory(mesh.mesh)) {
    const key = `${name} (${pid})`;
    const ofProcess = samples.get(key) ?? [];
    samples.set(key, ofProcess);
    ofProcess.push({ picture: done, anonymous, resident });
  }
};
/** Used JavaScript heap by service. Its floor, after collections, distinguishes retained objects from reserved memory. */
const heaps = new Map<string, (readonly [picture: number, mib: number])[]>();
const readHeaps = async () => {
  for (const { name, metrics } of mesh.mesh.processes()) {
    const page = await fetch(metrics).then((answer) => answer.text());
    const bytes = Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(page)?.[1]);
    heaps.set(name, [...(heaps.get(name) ?? []), [done, bytes / 2 ** 20]]);
  }
};
const timer = setInterval(() => {
  readHeaps().then(sample, () => {});
}, sampleEveryMs);
try {
  const scenes = await Promise.all(Array.from({ length: 32 }, (_, at) => toScene(size, at * 11)));
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < pictures) {
        const at = next++;
        await setTimeout(Math.max(0, startMs + (at * 1_000) / picturesPerSecond - performance.now()));
        const bytes = scenes[at % scenes.length] as Buffer;
        const job = await mesh.client.jobs.create({
          pipeline: { steps: toSteps(at) },
          pictures: [{ bytes }],
          noCache: true,
        });
        const ended = isJobEnded(job) ? job : await mesh.client.jobs.wait(job.id);
        if (ended.state !== JobState.SUCCEEDED) throw new Error(`Picture ${at} failed: ${ended.error?.message}`);
        done++;
        if (done % 500 === 0)
          console.log(`  ${done} of ${pictures}, ${Math.round((performance.now() - startMs) / 1_000)} s`);
      }
    }),
  );
} finally {
  clearInterval(timer);
  await mesh.close();
}

const perJobMs = Number(((performance.now() - startMs) / pictures).toFixed(2));
const figures: Figure[] = [];
const nameOf = (process: string) => process.replace(/ \(\d+\)$/, "");
for (const [name, all] of samples) {
  const pointsOf = (of: "anonymous" | "resident") =>
    all.map((each) => [each.picture / 1_000, each[of] / 2 ** 20] as const);
  const [anonymous, resident] = (["anonymous", "resident"] as const).map((of) =>
    peakRise(pointsOf(of), pictures / 1_000),
  );
  // A process with too few samples has no result. Inference hosts end when they are not used.
  if (anonymous === undefined || resident === undefined) continue;
  const round = (value: number) => Number(value.toFixed(2));
  figures.push({
    name: `${nameOf(name)}: memory peak of the last third of the run above that of the second`,
    value: round(Math.max(anonymous, resident)),
    unit: "MiB",
    bound: Math.round(stepMiB + (pictures / 3_000) * (nameOf(name) === "broker" ? maxBrokerGrowthMiB : maxGrowthMiB)),
    details: {
      anonymous: round(anonymous),
      resident: round(resident),
      // From the first picture on, to distinguish a cache that fills from a leak.
      anonymousMiB: toBlocks(pointsOf("anonymous"), 24).map((block) => block.map(Math.round)),
      residentAtEndMiB: Math.round((all.at(-1)?.resident ?? 0) / 2 ** 20),
    },
  });
}
for (const [name, points] of heaps) {
  const floors = Array.from({ length: 6 }, (_, at) =>
    Math.min(...points.filter(([picture]) => Math.floor((6 * picture) / (pictures + 1)) === at).map(([, mib]) => mib)),
  );
  console.log(`  ${name}: floor of its JavaScript heap by sixths of the run: ${floors.map(Math.round).join(", ")} MiB`);
}
if (figures.length === 0) throw new Error("Too few samples: give more PICTURES");
const isFlat = report("soak", figures, `make soak PICTURES=${pictures}`);
console.log(`  ${pictures} pictures, ${perJobMs} ms each, load ${loadavg()[0]?.toFixed(1)}`);
process.exit(isFlat ? 0 : 1);
