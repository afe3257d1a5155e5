import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { median } from "../../harness/stats.ts";
import { inParallel, makeTinyPicture, runTinyJob } from "../../harness/tiny-jobs.ts";
import { bullmqSide, celerySide } from "../sides/job-queues.ts";
import { runPeerCase } from "../tools/case-setup.ts";
import { meshPids } from "../tools/mesh-work.ts";

const jobs = Number(process.env.JOBS || 1_000);
const cachedJobs = 50;
const inFlight = 16;

/** Jobs of one effect on 64×64 pixels, 16 in flight, against BullMQ with sharp and Celery with Pillow; and jobs whose result is stored. */
export function jobsTinyPeersCase(): Promise<boolean> {
  const side = "pixelmesh";
  return runPeerCase(
    {
      caseName: "jobs-tiny",
      values: [
        { side, measure: "wallS", name: "time per job", unit: "ms", per: jobs / 1_000, bound: 3.33 },
        { side, measure: "cpuS", name: "processor time per job", unit: "ms", per: jobs / 1_000, bound: 6.5 },
        { side, measure: "p50Ms", name: "a job, p50", unit: "ms", bound: 60 },
        { side: "stored", measure: "p50Ms", name: "a job whose result is stored, p50", unit: "ms", bound: 5 },
      ],
      facts: { jobs, cachedJobs, inFlight },
    },
    async ({ mesh, dir }) => {
      const picture = await makeTinyPicture();
      const picturePath = join(dir, "tiny.png");
      await writeFile(picturePath, picture);
      let contrast = 1;
      const runJobs = async (count: number, atOnce: number, next: () => number) => {
        const timesMs: number[] = [];
        await inParallel(count, atOnce, async () => {
          const startMs = performance.now();
          await runTinyJob(mesh.client, picture, next());
          timesMs.push(performance.now() - startMs);
        });
        return { p50Ms: median(timesMs) };
      };
      const fresh = () => {
        contrast += 1e-5;
        return contrast;
      };
      const ours = { isOurs: true, pids: () => meshPids(mesh), close: async () => {} };
      const work = { dir, picturePath, jobs, inFlight };
      return {
        ours: [
          { ...ours, name: side, run: () => runJobs(jobs, inFlight, fresh) },
          { ...ours, name: "stored", hasOwnWork: true, run: () => runJobs(cachedJobs, 1, () => 1) },
        ],
        peers: [() => bullmqSide(work), () => celerySide(work)],
      };
    },
  );
}
