import { toShortSize, toShortTime } from "@pixelmesh/short-text";
import { signal, useSignalEffect } from "@preact/signals";
import { type PreviewMode, previewModes } from "../api/previews.ts";
import { useOutput } from "../state/use-output.ts";
import { ErrorNote } from "../ui/error-note.tsx";
import { CompareViewer, type ViewedPicture } from "../viewer/compare-viewer.tsx";
import { draft, leavesEffectsOut, previewedEffects, previewedVariant } from "./draft-state.ts";
import { activePicture } from "./pictures.ts";
import { preview, previewError, previewMode } from "./preview-state.ts";
import { activeRun } from "./runs.ts";

/** What the viewer shows beside the source: the preview, or an output of the job. */
const shown = signal<string | undefined>(undefined);

/** The viewer of the Try it page: the source, and the preview or an output. */
export function ResultPanel() {
  const picture = activePicture.value;
  const run = activeRun.value;
  const ready = (run?.job.outputs ?? []).filter((output) => output.ready).map(({ name }) => name);
  const output = shown.value !== undefined && ready.includes(shown.value) ? shown.value : undefined;
  const { url, error } = useOutput(run?.job.id ?? "", output);
  useShownChoice();
  if (!picture) {
    return (
      <section aria-label="Result" class="empty">
        <p>Choose a picture to see its preview and results here.</p>
      </section>
    );
  }
  const before: ViewedPicture = { url: picture.url, label: "Source" };
  const made = preview.value?.pictureKey === picture.key ? preview.value : undefined;
  const after =
    output === undefined ? made && { url: made.url, label: "Preview" } : url && { url, label: `Output ${output}` };
  return (
    <section aria-label="Result">
      <fieldset class="tabs">
        <legend class="sr-only">Shown beside the source</legend>
        <Tab name="preview" isOn={output === undefined} onChoose={() => (shown.value = undefined)} />
        {ready.map((name) => (
          <Tab key={name} name={name} isOn={output === name} onChoose={() => (shown.value = name)} />
        ))}
      </fieldset>
      <CompareViewer before={before} after={after || undefined} />
      {output === undefined ? <PreviewBar /> : <ErrorNote error={error} />}
    </section>
  );
}

/** A change of the form shows the preview, a finished job its first output. */
function useShownChoice(): void {
  useSignalEffect(() => {
    draft.value;
    shown.value = undefined;
  });
  useSignalEffect(() => {
    const job = activeRun.value?.job;
    const first = job?.state === "SUCCEEDED" ? job.outputs.find(({ ready }) => ready) : undefined;
    if (first) shown.value = first.name;
  });
}

function Tab({
  name,
  isOn,
  onChoose,
}: {
  readonly name: string;
  readonly isOn: boolean;
  readonly onChoose: () => void;
}) {
  return (
    <button type="button" class="tab" aria-pressed={isOn} onClick={onChoose}>
      {name}
    </button>
  );
}

function PreviewBar() {
  const made = preview.value;
  const { variants } = draft.value;
  return (
    <div class="row">
      <label class="inline">
        <span>Preview</span>
        <select
          data-testid="preview-mode"
          value={previewMode.value}
          onChange={({ currentTarget }) => (previewMode.value = currentTarget.value as PreviewMode)}
        >
          {previewModes.map((mode) => (
            <option key={mode} value={mode}>
              {mode}
            </option>
          ))}
        </select>
      </label>
      {variants.length === 0 ? null : (
        <label class="inline">
          <span>of</span>
          <select
            value={previewedVariant.value ?? ""}
            onChange={({ currentTarget }) =>
              (previewedVariant.value = currentTarget.value === "" ? undefined : Number(currentTarget.value))
            }
          >
            <option value="">the result</option>
            {variants.map(({ key, name }) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <span class="hint" data-testid="preview-time">
        {previewText(made)}
      </span>
      <ErrorNote error={previewError.value} />
    </div>
  );
}

function previewText(made: typeof preview.value): string {
  if (previewedEffects.value.length === 0) return "The preview shows effects. Run the job to see the rest.";
  if (!made) return "The preview is being made";
  const memory = made.memoryBytes > 0 ? `, ${toShortSize(made.memoryBytes)} of memory` : "";
  const without = leavesEffectsOut.value ? ", without those that take a further picture" : "";
  return `${toShortTime(made.ms)}${memory}${made.cached ? ", from the cache" : ""}. It shows effects only${without}.`;
}
