import { setTimeout as sleep } from "node:timers/promises";
import { AppError, isRetryable, type Job, JobState, type Pixelmesh, reasonFromEnum } from "@pixelmesh/client";

/** How the jobs of a load ended. */
export type Outcomes = {
  readonly succeeded: number;
  /** Reasons of failed jobs and of calls that were not accepted, in order. */
  readonly failures: readonly { readonly reason: string; readonly isRetryable: boolean }[];
  /** Jobs that were accepted and have not ended in time. */
  readonly open: number;
};

const workers = 2;
const endMs = 120_000;

/** Sends one job after the other, two at a time, until `stop`. `stop` resolves when all accepted jobs have ended, at most 2 min later. */
export function startLoad(client: Pixelmesh, createJob: (at: number) => Promise<Job>): { stop(): Promise<Outcomes> } {
  const stop = new AbortController();
  const failures: { reason: string; isRetryable: boolean }[] = [];
  let [sent, succeeded, open] = [0, 0, 0];
  const note = (error: unknown) =>
    failures.push({
      reason: error instanceof AppError ? error.reason : String(error),
      isRetryable: isRetryable(error),
    });

  async function one(): Promise<void> {
    sent += 1;
    const { id } = await createJob(sent);
    open += 1;
    const job = await waitForEnd(client, id);
    open -= 1;
    if (job.state === JobState.SUCCEEDED) succeeded += 1;
    else note(new AppError(reasonFromEnum(job.error?.reason ?? 0), job.error?.message ?? ""));
  }

  const loops = Array.from({ length: workers }, async () => {
    while (!stop.signal.aborted) {
      await one().catch(note);
      await sleep(50);
    }
  });
  return {
    async stop() {
      stop.abort();
      await Promise.all(loops);
      return { succeeded, failures, open };
    },
  };
}

/** Waits for a job's end across failed watches. Throws after two minutes. */
async function waitForEnd(client: Pixelmesh, id: string): Promise<Job> {
  const untilMs = performance.now() + endMs;
  for (;;) {
    try {
      return await client.jobs.wait(id, { signal: AbortSignal.timeout(endMs) });
    } catch (error) {
      if (!isRetryable(error) || performance.now() > untilMs) throw error;
      await sleep(500);
    }
  }
}
