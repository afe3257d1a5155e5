import { useSignal } from "@preact/signals";
import { toErrorText } from "../api/api-error.ts";
import { cancelJob, changeJobs } from "../api/jobs.ts";
import type { Job } from "../api/types.ts";
import { jobHref } from "../state/route.ts";
import { useJob } from "../state/use-job.ts";
import { useOutput } from "../state/use-output.ts";
import { announce } from "../ui/announce.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { ErrorNote } from "../ui/error-note.tsx";
import { CompareViewer } from "../viewer/compare-viewer.tsx";
import { JobProgress } from "./job-progress.tsx";
import { OutputTable } from "./output-table.tsx";
import { StepDetails } from "./step-details.tsx";
import { StepGraph } from "./step-graph.tsx";

/** The page of one job: its state, its steps as a graph, its outputs. It follows the job while it runs. */
export function JobPage({ id }: { readonly id: string }) {
  const { job, watch, error } = useJob(id);
  const chosen = useSignal<string | undefined>(undefined);
  return (
    <>
      <div class="row">
        <h1>Job {id}</h1>
        {job ? <Actions job={job} /> : null}
      </div>
      <ErrorNote error={error} />
      {job ? (
        <>
          <JobProgress job={job} watch={watch} />
          <Facts job={job} />
          <h2>Steps</h2>
          <StepGraph job={job} chosen={chosen.value} onChoose={(step) => (chosen.value = step)} />
          <StepDetails job={job} id={chosen.value ?? job.steps[0]?.id} />
          <h2>Outputs</h2>
          <Outputs job={job} />
        </>
      ) : null}
    </>
  );
}

function Actions({ job }: { readonly job: Job }) {
  const act = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      announce(toErrorText(error));
    }
  };
  const retry = async () => {
    const { jobIds = [], withoutPictures = 0 } = await changeJobs("retry", { jobIds: [job.id] }, false);
    const [made] = jobIds;
    if (made !== undefined) location.hash = jobHref(made);
    else
      announce(
        withoutPictures > 0 ? "Its pictures are no longer stored" : "The job was retried before, or belongs to a batch",
      );
  };
  const cancel = async () => {
    await cancelJob(job.id);
    announce("The job was cancelled");
  };
  return (
    <div class="row">
      {job.state === "RUNNING" ? (
        <button type="button" onClick={() => void act(cancel)}>
          Cancel the job
        </button>
      ) : null}
      {job.state === "FAILED" || job.state === "CANCELLED" ? (
        <button type="button" onClick={() => void act(retry)}>
          Retry the job
        </button>
      ) : null}
    </div>
  );
}

function Facts({ job }: { readonly job: Job }) {
  const source = job.sources[0]?.info;
  return (
    <dl class="facts">
      <dt>Created</dt>
      <dd>{new Date(job.createdUnixMs).toLocaleString()}</dd>
      <dt>Priority</dt>
      <dd>{job.priority}</dd>
      <dt>Source</dt>
      <dd>{source ? `${source.widthPx}×${source.heightPx} ${source.format}` : "unknown"}</dd>
      {job.feature === "" ? null : (
        <>
          <dt>Feature</dt>
          <dd>{job.feature}</dd>
        </>
      )}
      {job.labels.length === 0 ? null : (
        <>
          <dt>Labels</dt>
          <dd>{job.labels.join(" ")}</dd>
        </>
      )}
      {job.traceId ? (
        <>
          <dt>Trace</dt>
          <dd class="row">
            {job.traceUrl ? (
              <a href={job.traceUrl} target="_blank" rel="noreferrer">
                <code>{job.traceId}</code>
              </a>
            ) : (
              <code>{job.traceId}</code>
            )}
            <CopyButton text={job.traceId} what="the trace id" />
          </dd>
        </>
      ) : null}
    </dl>
  );
}

function Outputs({ job }: { readonly job: Job }) {
  const chosen = useSignal<string | undefined>(undefined);
  const name = chosen.value ?? job.outputs.find(({ ready }) => ready)?.name;
  const { url, error } = useOutput(job.id, name);
  return (
    <>
      <OutputTable job={job} shown={name} onShow={(output) => (chosen.value = output)} />
      <ErrorNote error={error} />
      {url ? <CompareViewer before={{ url, label: `Output ${name}` }} after={undefined} /> : null}
    </>
  );
}
