import { toRoughTime } from "@pixelmesh/short-text";
import { toErrorText } from "../api/api-error.ts";
import { cancelBatch, fetchBatches, retryBatch } from "../api/mesh.ts";
import type { Batch } from "../api/types.ts";
import { usePoll } from "../state/use-poll.ts";
import { toAge, toCount } from "../text/labels.ts";
import { announce } from "../ui/announce.tsx";
import { ProgressBar, StateBadge } from "../ui/badges.tsx";
import { confirmAction } from "../ui/confirm.tsx";
import { ErrorNote } from "../ui/error-note.tsx";

/** The newest hundred batches, with their progress. */
export function Batches() {
  const { value, error, refresh } = usePoll((signal) => fetchBatches("", signal), 3_000);
  const batches = value?.batches ?? [];
  return (
    <section aria-labelledby="batches">
      <h2 id="batches">Batches</h2>
      <ErrorNote error={error} />
      {value && batches.length === 0 ? <p class="hint">There is no batch.</p> : null}
      {batches.map((batch) => (
        <BatchBox key={batch.id} batch={batch} onChange={refresh} />
      ))}
      {value?.nextPageToken ? <p class="hint">Older batches: pixelmesh batches list</p> : null}
    </section>
  );
}

function BatchBox({ batch, onChange }: { readonly batch: Batch; readonly onChange: () => void }) {
  const { id, state, jobsTotal, jobsSucceeded, jobsFailed, jobsCancelled, createdUnixMs, etaMs, labels } = batch;
  const ended = jobsSucceeded + jobsFailed + jobsCancelled;
  const isRunning = state.toLowerCase() === "running";
  const act = async (work: (id: string) => Promise<void>, done: string) => {
    try {
      await work(id);
      announce(done);
      onChange();
    } catch (error) {
      announce(toErrorText(error));
    }
  };
  const cancel = async () => {
    const left = toCount(jobsTotal - ended, "job");
    if (
      await confirmAction("Cancel the batch?", `${left} of it have not ended. They are cancelled.`, "Cancel the batch")
    )
      await act(cancelBatch, "The batch was cancelled");
  };
  return (
    <article class="job-box">
      <div class="row">
        <h3 class="break">{id}</h3>
        <StateBadge state={state} />
        <span class="hint">
          {toAge(createdUnixMs, Date.now())} {labels.join(" ")}
        </span>
        {isRunning ? (
          <button type="button" class="small" onClick={() => void cancel()} aria-label={`Cancel batch ${id}`}>
            Cancel
          </button>
        ) : null}
        {!isRunning && jobsFailed + jobsCancelled > 0 ? (
          <button
            type="button"
            class="small"
            onClick={() => void act(retryBatch, "The failed jobs are retried")}
            aria-label={`Retry failed jobs of batch ${id}`}
          >
            Retry failed jobs
          </button>
        ) : null}
      </div>
      <ProgressBar share={jobsTotal === 0 ? 0 : ended / jobsTotal} label={`Progress of batch ${id}`} />
      <p class="hint">
        {ended} of {toCount(jobsTotal, "job")} ended: {jobsSucceeded} succeeded, {jobsFailed} failed, {jobsCancelled}{" "}
        cancelled
        {isRunning && etaMs > 0 ? `; about ${toRoughTime(etaMs)} left` : ""}
      </p>
    </article>
  );
}
