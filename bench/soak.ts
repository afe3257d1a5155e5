/**
 * `make soak`: 5,000 small pictures (PICTURES) through one mesh, each a job of its own that nothing stored answers. Memory of every
 * process is read all along; after a first part in which caches, pools and heaps fill, none may grow on: see `maxGrowthMiB`.
 * Exits 1 where one does.
 */
import { loadavg } from "node:os";
import { isJobEnded, JobState } from "@pixelmesh/client";
import type { Step } from "@pixelmesh/proto";
import { startBenchMesh } from "./harness/bench-mesh.ts";
import { readMeshMemory } from "./harness/mesh-memory.ts";
import { type Figure, report } from "./harness/report.ts";
import { toScene } from "./harness/scenes.ts";
import { fitSlope, isGrowing, toBlocks } from "./harness/slope.ts";

const pictures = Number(process.env.PICTURES || 5_000);
const inFlight = 8;
const sampleEveryMs = 1_000;
const size = { widthPx: 64, heightPx: 48 };
/** The part in which processes may still grow into their caches and heaps: V8 and allocators do so in steps, for long. */
const warmUp = 0.4;
const blocks = 24;
/**
 * Memory for every thousand pictures that a process may gain, in MiB: what is kept of a job for its lifetime (a record, its blobs'
 * entries, the broker's index of them) and no more. A leaked picture of this size, decoded and enlarged, would be 44 MiB.
 */
const maxGrowthMiB = 4;

if (!(pictures >= 100)) throw new Error(`Expected PICTURES to be at least 100, got ${process.env.PICTURES}`);

/** Every service has work: all pictures are enlarged, some then coloured, a few cut out first. */
function toSteps(at: number): { id: string; operation: Step["operation"] }[] {
  const upscale = { $case: "upscale" as const, value: { scale: 2, model: "pixelmesh-sr-x2" } };
  const effect = { $case: "applyEffects" as const, value: { effects: [{ name: "black_and_white", parameters: {} }] } };
  const cut = { $case: "removeBackground" as const, value: { model: "pixelmesh-matte" } };
  const steps = [upscale, ...(at % 4 === 0 ? [effect] : []), ...(at % 20 === 0 ? [cut] : [])];
  return steps.map((operation, index) => ({ id: `s${index}`, operation }));
}

const mesh = await startBenchMesh();
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
/** JavaScript heap in use, by service: its floor, after collections, tells objects that are kept from memory that is only held ready. */
const heaps = new Map<string, (readonly [picture: number, mib: number])[]>();
const readHeaps = async () => {
  for (const { name, metrics } of mesh.mesh.processes()) {
    const page = await fetch(metrics).then((answer) => answer.text());
    const bytes = Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(page)?.[1]);
    heaps.set(name, [...(heaps.get(name) ?? []), [done, bytes / 2 ** 20]]);
  }
};
const timer = setInterval(() => {
  sample();
  readHeaps().catch(() => {});
}, sampleEveryMs);
try {
  const scenes = await Promise.all(Array.from({ length: 32 }, (_, at) => toScene(size, at * 11)));
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < pictures) {
        const at = next++;
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
let isFlat = true;
const figures: Figure[] = [];
for (const [name, all] of samples) {
  const counted = all.filter(({ picture }) => picture >= warmUp * pictures);
  // A process that was there for a moment only cannot be judged; hosts live as long as they are used.
  if (counted.length < 8) continue;
  const slopeOf = (pick: (each: (typeof counted)[number]) => number) =>
    fitSlope(
      toBlocks(
        counted.map((each) => [each.picture / 1_000, pick(each) / 2 ** 20] as const),
        blocks,
      ),
    );
  const slope = slopeOf(({ anonymous }) => anonymous);
  const resident = slopeOf(({ resident }) => resident);
  const grows = isGrowing(slope, maxGrowthMiB) || isGrowing(resident, maxGrowthMiB);
  isFlat &&= !grows;
  const round = (value: number) => Number(value.toFixed(2));
  const last = counted.at(-1);
  const text = (each: typeof slope) => `${round(each.value)} ± ${round(each.standardError)}`;
  console.log(
    `  ${grows ? "GROWS" : "flat "}  ${name}: anonymous ${text(slope)}, resident ${text(resident)} MiB per 1,000 pictures; ` +
      `${Math.round((last?.anonymous ?? 0) / 2 ** 20)} and ${Math.round((last?.resident ?? 0) / 2 ** 20)} MiB at the end`,
  );
  figures.push({
    name: `${name.replace(/ \(\d+\)$/, "")}: anonymous memory gained per 1,000 pictures`,
    value: round(slope.value),
    unit: "MiB",
    bound: maxGrowthMiB,
    details: {
      ...{ standardError: round(slope.standardError), samples: counted.length, grows },
      resident: { value: round(resident.value), standardError: round(resident.standardError) },
      // From the very first picture on, so that growing into a cache can be told from growing for ever.
      anonymousMiB: toBlocks(
        all.map(({ picture, anonymous }) => [picture, anonymous / 2 ** 20] as const),
        blocks,
      ).map((block) => block.map(Math.round)),
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
report("soak", figures, `make soak PICTURES=${pictures}`);
console.log(`  ${pictures} pictures, ${perJobMs} ms each, load ${loadavg()[0]?.toFixed(1)}`);
process.exit(isFlat ? 0 : 1);
