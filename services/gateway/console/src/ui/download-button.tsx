import { useSignal } from "@preact/signals";
import { toErrorText } from "../api/api-error.ts";
import { fetchOutput } from "../api/jobs.ts";
import type { JobOutput } from "../api/types.ts";
import { announce } from "./announce.tsx";

/** Saves an output as a file. A link would not send the token. */
export function DownloadButton({ jobId, output }: { readonly jobId: string; readonly output: JobOutput }) {
  const isBusy = useSignal(false);
  const save = async () => {
    isBusy.value = true;
    try {
      const url = URL.createObjectURL(await fetchOutput(jobId, output.name, new AbortController().signal));
      const link = document.createElement("a");
      link.href = url;
      link.download = `${output.name}.${output.format === "jpeg" ? "jpg" : output.format}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      announce(toErrorText(error));
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <button
      type="button"
      class="small"
      disabled={!output.ready || isBusy.value}
      onClick={save}
      aria-label={`Download ${output.name}`}
    >
      Download
    </button>
  );
}
