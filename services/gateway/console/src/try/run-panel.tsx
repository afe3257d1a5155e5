import { toErrorText } from "../api/api-error.ts";
import { cancelJob } from "../api/jobs.ts";
import { JobProgress } from "../job/job-progress.tsx";
import { OutputTable } from "../job/output-table.tsx";
import { asksForWork } from "../pipeline/draft.ts";
import { jobHref } from "../state/route.ts";
import { useJob } from "../state/use-job.ts";
import { announce } from "../ui/announce.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { draft } from "./draft-state.ts";
import { pictures } from "./pictures.ts";
import { draftProblem } from "./pipeline-form.tsx";
import { activeRun, isStarting, runError, startRuns, updateRun } from "./runs.ts";

/** Runs the pipeline on the chosen pictures and shows the job of the picture that is shown. */
export function RunPanel() {
  const count = pictures.value.length;
  const problem = whyNot();
  return (
    <section aria-label="Job">
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={problem !== undefined || isStarting.value}
          onClick={() => void startRuns()}
        >
          {isStarting.value ? "Sending…" : count > 1 ? `Run on ${count} pictures` : "Run"}
        </button>
        <span class="hint">{problem}</span>
      </div>
      <ErrorNote error={runError.value} />
      <ActiveJob />
    </section>
  );
}

function whyNot(): string | undefined {
  if (pictures.value.length === 0) return "Choose a picture first";
  if (!asksForWork(draft.value)) return "Choose something to do with it";
  return draftProblem(draft.value);
}

function ActiveJob() {
  const run = activeRun.value;
  const isRunning = run?.job.state === "RUNNING";
  const { watch, error } = useJob(isRunning ? run.job.id : undefined, updateRun);
  if (!run) return null;
  const { job } = run;
  const cancel = async () => {
    try {
      updateRun(await cancelJob(job.id));
      announce("The job was cancelled");
    } catch (failure) {
      announce(toErrorText(failure));
    }
  };
  return (
    <div class="job-box" data-testid="job">
      <div class="row">
        <a href={jobHref(job.id)}>Job {job.id}</a>
        {isRunning ? (
          <button type="button" class="small" onClick={() => void cancel()}>
            Cancel the job
          </button>
        ) : null}
      </div>
      <JobProgress job={job} watch={watch} />
      <ErrorNote error={error} />
      {job.state === "SUCCEEDED" ? <OutputTable job={job} /> : null}
    </div>
  );
}
