import { fetchOutput } from "../api/jobs.ts";
import type { JobOutput } from "../api/types.ts";
import { useBusyAction } from "./busy-action.ts";

/** Saves an output as a file. A link would not send the token. */
export function DownloadButton({ jobId, output }: { readonly jobId: string; readonly output: JobOutput }) {
  const { isBusy, run } = useBusyAction(async () => {
    const url = URL.createObjectURL(await fetchOutput(jobId, output.name, new AbortController().signal));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${output.name}.${output.format === "jpeg" ? "jpg" : output.format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
  return (
    <button
      type="button"
      class="small"
      disabled={!output.ready || isBusy.value}
      onClick={() => void run()}
      aria-label={`Download ${output.name}`}
    >
      Download
    </button>
  );
}
