import { toRoughTime, toShortTime } from "@pixelmesh/short-text";
import { fetchCluster } from "../api/mesh.ts";
import type { Job } from "../api/types.ts";
import type { WatchState } from "../api/watch-job.ts";
import { usePoll } from "../state/use-poll.ts";
import { toPercent } from "../text/labels.ts";
import { ProgressBar, StateBadge } from "../ui/badges.tsx";
import { waitReason } from "./wait-reason.ts";

/** State, progress, time left and waiting steps of a job. */
export function JobProgress({ job, watch }: { readonly job: Job; readonly watch: WatchState }) {
  const isRunning = job.state === "RUNNING";
  return (
    <div class="job-progress" aria-live="polite">
      <p class="row">
        <StateBadge state={job.state} />
        <span>{isRunning ? runningText(job) : endText(job)}</span>
        {isRunning && watch === "reconnecting" ? (
          <span class="hint">The connection was lost. It is being made again.</span>
        ) : null}
      </p>
      {isRunning ? <ProgressBar share={job.progress} label="Progress of the job" /> : null}
      {isRunning && job.steps.some(({ wait, state }) => wait || state === "READY") ? <WaitingSteps job={job} /> : null}
      {job.error ? (
        <p class="error">
          {job.error.reason}: {job.error.message}
        </p>
      ) : null}
      <Remarks job={job} />
    </div>
  );
}

function runningText({ progress, etaMs, steps }: Job): string {
  const left = etaMs > 0 ? `about ${toRoughTime(etaMs)} left` : "time left not known yet";
  const running = steps.filter(({ state }) => state === "RUNNING").map(({ id }) => id);
  const now =
    running.length === 0 ? "" : `; runs ${running.slice(0, 3).join(", ")}${running.length > 3 ? " and more" : ""}`;
  return `${toPercent(progress)}, ${left}${now}`;
}

function endText({ createdUnixMs, finishedUnixMs, steps }: Job): string {
  const cached = steps.filter((step) => step.cached).length;
  const from = cached === 0 ? "" : `, ${cached} of ${steps.length} steps from the cache`;
  return `after ${toShortTime(finishedUnixMs - createdUnixMs)}${from}`;
}

function WaitingSteps({ job }: { readonly job: Job }) {
  const { value: cluster } = usePoll(fetchCluster, 3_000);
  const waiting = job.steps.flatMap((step) => {
    const why = step.state === "PENDING" ? undefined : waitReason(step, job, cluster);
    return why === undefined ? [] : [{ id: step.id, why }];
  });
  return (
    <ul class="plain">
      {waiting.slice(0, 4).map(({ id, why }) => (
        <li key={id}>
          <strong>{id}</strong>: {why}
        </li>
      ))}
      {waiting.length > 4 ? <li>{waiting.length - 4} more steps wait</li> : null}
    </ul>
  );
}

function Remarks({ job }: { readonly job: Job }) {
  if (job.adaptations.length + job.notices.length === 0) return null;
  return (
    <ul class="plain">
      {job.adaptations.map(({ stepId, kind, from, to, why }) => (
        <li key={`${stepId}-${kind}`}>
          Lowered in {stepId}: {kind} {from} to {to} ({why})
        </li>
      ))}
      {job.notices.map(({ stepId, kind, text }) => (
        <li key={`${stepId}-${kind}`}>
          {stepId === "" ? "Note" : `Note on ${stepId}`}: {text}
        </li>
      ))}
    </ul>
  );
}
