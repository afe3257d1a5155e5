import { type Draft, demoDraft, emptyDraft, formats, newVariant, type VariantDraft } from "../pipeline/draft.ts";
import { BackgroundFields } from "./background-fields.tsx";
import { changeDraft, draft } from "./draft-state.ts";
import { EffectChain } from "./effect-chain.tsx";
import { ModelSelect } from "./model-select.tsx";

const outputName = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** The form of the pipeline. */
export function PipelineForm() {
  const { effects, variants } = draft.value;
  return (
    <section aria-label="Pipeline" class="pipeline">
      <div class="row">
        <h2>Pipeline</h2>
        <button type="button" class="small" onClick={() => (draft.value = demoDraft())}>
          Use the demo's
        </button>
        <button type="button" class="small" onClick={() => (draft.value = emptyDraft)}>
          Clear
        </button>
      </div>
      <SizeFields />
      <BackgroundFields />
      <fieldset>
        <legend>Effects</legend>
        <EffectChain
          effects={effects}
          name="the result"
          startsOpen
          onChange={(changed) => changeDraft({ effects: changed })}
        />
      </fieldset>
      {variants.map((variant) => (
        <VariantFields key={variant.key} variant={variant} />
      ))}
      <button type="button" onClick={() => changeDraft({ variants: [...variants, newVariant(variants, [])] })}>
        Add a variant
      </button>
      <FormatField />
    </section>
  );
}

const scales = [0, 2, 3, 4] as const;

function SizeFields() {
  const { maxSidePx, scale, upscaleModel } = draft.value;
  return (
    <fieldset>
      <legend>Size</legend>
      <label>
        <span>Shrink first to</span>
        <select value={maxSidePx} onChange={(event) => changeDraft({ maxSidePx: Number(event.currentTarget.value) })}>
          {[0, 256, 512, 1024, 2048, 4096].map((px) => (
            <option key={px} value={px}>
              {px === 0 ? "do not shrink" : `${px} px`}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Upscale</span>
        <select
          value={scale}
          onChange={(event) =>
            changeDraft({ scale: scales.find((one) => one === Number(event.currentTarget.value)) ?? 0 })
          }
        >
          {scales.map((one) => (
            <option key={one} value={one}>
              {one === 0 ? "no" : `×${one}`}
            </option>
          ))}
        </select>
      </label>
      {scale === 0 ? null : (
        <ModelSelect task="upscale" value={upscaleModel} onChange={(name) => changeDraft({ upscaleModel: name })} />
      )}
    </fieldset>
  );
}

function VariantFields({ variant }: { readonly variant: VariantDraft }) {
  const { variants } = draft.value;
  const change = (part: Partial<VariantDraft>) =>
    changeDraft({ variants: variants.map((one) => (one.key === variant.key ? { ...one, ...part } : one)) });
  const isUnique = variants.every(({ key, name }) => key === variant.key || name !== variant.name);
  const isValid = outputName.test(variant.name) && variant.name !== "result" && isUnique;
  return (
    <fieldset>
      <legend>Variant {variant.name}</legend>
      <div class="row">
        <label>
          <span>Name</span>
          <input
            type="text"
            value={variant.name}
            aria-invalid={!isValid}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </label>
        <button
          type="button"
          class="small"
          aria-label={`Remove variant ${variant.name}`}
          onClick={() => changeDraft({ variants: variants.filter(({ key }) => key !== variant.key) })}
        >
          Remove
        </button>
      </div>
      {isValid ? null : <p class="error">Expected a name of a-z, 0-9, _ and -, at most 32, that no other output has</p>}
      <EffectChain
        effects={variant.effects}
        startsOpen={false}
        name={`variant ${variant.name}`}
        onChange={(effects) => change({ effects })}
      />
    </fieldset>
  );
}

function FormatField() {
  return (
    <label>
      <span>Format of the outputs</span>
      <select
        value={draft.value.format}
        onChange={({ currentTarget }) =>
          changeDraft({ format: formats.find((one) => one === currentTarget.value) ?? "auto" })
        }
      >
        {formats.map((format) => (
          <option key={format} value={format}>
            {format}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Why a draft cannot be run as it is; undefined if it can. */
export function draftProblem({ background, variants }: Draft): string | undefined {
  if (background.kind === "picture" && background.picture === "") return "Choose the picture behind the object";
  const names = variants.map(({ name }) => name);
  const wrong = names.find(
    (name, index) => !outputName.test(name) || name === "result" || names.indexOf(name) !== index,
  );
  if (wrong !== undefined) return `The variant \`${wrong}\` needs another name`;
  const empty = variants.find(({ effects }) => effects.length === 0);
  return empty ? `The variant \`${empty.name}\` has no effect` : undefined;
}
