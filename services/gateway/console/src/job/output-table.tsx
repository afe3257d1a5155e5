import { toShortSize } from "@pixelmesh/short-text";
import type { Job, JobOutput } from "../api/types.ts";
import { DownloadButton } from "../ui/download-button.tsx";

/** The outputs of a job, with buttons to save them, and to show them if the page can. */
export function OutputTable(props: {
  readonly job: Job;
  readonly shown?: string | undefined;
  readonly onShow?: (name: string) => void;
}) {
  const { job, shown, onShow } = props;
  return (
    <ul class="plain outputs" aria-label="Outputs">
      {job.outputs.map((output) => (
        <li key={output.name} class="row">
          <strong>{output.name}</strong>
          <span class="grow">{describe(output)}</span>
          {onShow ? (
            <button
              type="button"
              class="small"
              disabled={!output.ready}
              aria-pressed={shown === output.name}
              aria-label={`Show ${output.name}`}
              onClick={() => onShow(output.name)}
            >
              Show
            </button>
          ) : null}
          <DownloadButton jobId={job.id} output={output} />
        </li>
      ))}
    </ul>
  );
}

function describe({ ready, expired, widthPx, heightPx, format, sizeBytes }: JobOutput): string {
  if (expired) return "expired";
  return ready ? `${widthPx}×${heightPx} ${format}, ${toShortSize(sizeBytes)}` : "not ready";
}
