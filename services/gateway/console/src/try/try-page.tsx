import { useEffect } from "preact/hooks";
import { fetchEffects, fetchModels } from "../api/mesh.ts";
import { usePoll } from "../state/use-poll.ts";
import { ErrorNote } from "../ui/error-note.tsx";
import { CodePanel } from "./code-panel.tsx";
import { catalogue, models } from "./draft-state.ts";
import { PictureDrop } from "./picture-drop.tsx";
import { PipelineForm } from "./pipeline-form.tsx";
import { startPreviews } from "./preview-state.ts";
import { ResultPanel } from "./result-panel.tsx";
import { RunPanel } from "./run-panel.tsx";
import { pollOtherRuns } from "./runs.ts";

/** The page that runs a pipeline on pictures. */
export function TryPage() {
  const effects = usePoll(fetchEffects, 60_000);
  const known = usePoll(fetchModels, 60_000);
  useEffect(() => {
    if (effects.value) catalogue.value = effects.value;
  }, [effects.value]);
  useEffect(() => {
    if (known.value) models.value = known.value;
  }, [known.value]);
  useEffect(startPreviews, []);
  useEffect(() => {
    const ending = new AbortController();
    void pollOtherRuns(ending.signal);
    return () => ending.abort();
  }, []);
  return (
    <div class="try">
      <h1 class="sr-only">Try it</h1>
      <div class="try-form">
        <PictureDrop />
        <ErrorNote error={effects.error ?? known.error} />
        <PipelineForm />
      </div>
      <div class="try-result">
        <ResultPanel />
        <RunPanel />
        <CodePanel />
      </div>
    </div>
  );
}
