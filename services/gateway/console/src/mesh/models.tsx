import { toShortSize } from "@pixelmesh/short-text";
import { changeModel, fetchModels, type ModelAction, offersModelChanges } from "../api/mesh.ts";
import type { Model } from "../api/types.ts";
import { usePoll } from "../state/use-poll.ts";
import { announce } from "../ui/announce.tsx";
import { useBusyAction } from "../ui/busy-action.ts";
import { DataTable } from "../ui/data-table.tsx";
import { ErrorNote } from "../ui/error-note.tsx";

/** The models of the mesh, with buttons to load, pin and unload them where the gateway offers that. */
export function Models() {
  const { value: models = [], error, refresh } = usePoll(fetchModels, 5_000);
  const { value: isChangeable = false } = usePoll(offersModelChanges, 600_000);
  const usable = models.filter(({ available }) => available);
  const missing = models.filter(({ available }) => !available);
  return (
    <section aria-labelledby="models">
      <h2 id="models">Models</h2>
      <ErrorNote error={error} />
      <DataTable
        caption="Models that can be used"
        columns={["Model", "Task", "Size", "Licence", "State", ...(isChangeable ? ["Change"] : [])]}
        rows={usable.map((model) => ({
          key: `${model.service}/${model.name}`,
          cells: [
            ...toCells(model),
            ...(isChangeable ? [<Changes key="change" model={model} onDone={refresh} />] : []),
          ],
        }))}
      />
      {isChangeable ? null : (
        <p class="hint">
          Models are loaded when a job needs them. <code>pixelmesh models load</code> loads one before.
        </p>
      )}
      {missing.length === 0 ? null : (
        <details>
          <summary>{missing.length} known models have no file here</summary>
          <ul class="plain">
            {missing.map(({ service, name, unavailableReason }) => (
              <li key={`${service}/${name}`}>
                {name}: {unavailableReason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function toCells({
  name,
  task,
  scale,
  sizeBytes,
  licence,
  isDefault,
  loaded,
  pinned,
  provider,
  residentBytes,
}: Model): string[] {
  const state = loaded
    ? `loaded on ${provider}, ${toShortSize(residentBytes)}${pinned ? ", pinned" : ""}`
    : "not loaded";
  return [
    isDefault ? `${name} (default)` : name,
    task === "upscale" ? `upscale ×${scale}` : task,
    toShortSize(sizeBytes),
    licence,
    state,
  ];
}

const doneWords: Readonly<Record<ModelAction, string>> = {
  load: "was loaded",
  pin: "is pinned: it stays in memory until it is unloaded",
  unload: "was unloaded",
};

function Changes({ model, onDone }: { readonly model: Model; readonly onDone: () => void }) {
  const { loaded, pinned } = model;
  return (
    <span class="row">
      <Change model={model} action={loaded ? "unload" : "load"} onDone={onDone} />
      {pinned ? null : <Change model={model} action="pin" onDone={onDone} />}
    </span>
  );
}

function Change(props: { readonly model: Model; readonly action: ModelAction; readonly onDone: () => void }) {
  const { model, action, onDone } = props;
  const { isBusy, run } = useBusyAction(async () => {
    await changeModel(model.name, action);
    announce(`${model.name} ${doneWords[action]}`);
    onDone();
  });
  return (
    <button
      type="button"
      class="small"
      disabled={isBusy.value}
      onClick={() => void run()}
      aria-label={`${action} ${model.name}`}
    >
      {action}
    </button>
  );
}
