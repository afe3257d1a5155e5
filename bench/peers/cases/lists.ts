import { JobState, type Pixelmesh } from "@pixelmesh/client";
import { inParallel, makeTinyPicture, runTinyJob } from "../../harness/tiny-jobs.ts";
import type { Side } from "../judge/side.ts";
import { runPeerCase } from "../tools/case-setup.ts";
import { meshPids } from "../tools/mesh-work.ts";

const jobs = Number(process.env.JOBS || 5_000);
const pageSize = 50;

/** Lists with many stored jobs: one page, and a page of a state that no job has. No peer has them. The limits are the times when issue 16 was filed. */
export function listsCase(): Promise<boolean> {
  const ms = (side: string, boundMs: number) => ({
    side,
    measure: "wallS",
    name: `first page of ${pageSize}`,
    unit: "ms",
    per: 1 / 1_000,
    bound: boundMs,
  });
  return runPeerCase(
    { caseName: "lists", values: [ms("all jobs", 183), ms("failed jobs", 5_900)], facts: { jobs, pageSize } },
    async ({ mesh }) => {
      const { client } = mesh;
      const picture = await makeTinyPicture();
      let contrast = 1;
      await inParallel(jobs, 16, () => {
        contrast += 1e-5;
        return runTinyJob(client, picture, contrast);
      });
      const side = (name: string, state: JobState): Side => ({
        name,
        isOurs: true,
        pids: () => meshPids(mesh),
        run: async () => ({ listed: await listPage(client, state) }),
        close: async () => {},
      });
      return { ours: [side("all jobs", JobState.UNSPECIFIED), side("failed jobs", JobState.FAILED)], peers: [] };
    },
  );
}

/** Reads the first page of a list. Returns its number of jobs. */
async function listPage(client: Pixelmesh, state: JobState): Promise<number> {
  let count = 0;
  for await (const _job of client.jobs.list({ state, pageSize })) {
    count++;
    if (count === pageSize) break;
  }
  return count;
}
