import type { EffectDescription } from "../api/types.ts";
import { type EffectDraft, newEffect } from "../pipeline/draft.ts";
import { toFields, toGroups, withSetting } from "../pipeline/form-model.ts";
import { catalogue } from "./draft-state.ts";
import { SettingField } from "./setting-field.tsx";

/** The most effects of one step. */
const maxEffects = 16;

/** A chain of effects: they run from the first to the last. */
export function EffectChain(props: {
  readonly effects: readonly EffectDraft[];
  /** What the chain makes, for the names of its buttons. */
  readonly name: string;
  /** Whether the settings of an effect are seen at first. */
  readonly startsOpen: boolean;
  readonly onChange: (effects: readonly EffectDraft[]) => void;
}) {
  const { effects, name, startsOpen, onChange } = props;
  const move = (index: number, by: number) => {
    const moved = [...effects];
    const [effect] = moved.splice(index, 1);
    if (effect) moved.splice(index + by, 0, effect);
    onChange(moved);
  };
  return (
    <>
      <ol class="chain">
        {effects.map((effect, index) => (
          <EffectFields
            key={effect.key}
            effect={effect}
            startsOpen={startsOpen}
            onChange={(changed) => onChange(effects.map((one) => (one.key === effect.key ? changed : one)))}
            onRemove={() => onChange(effects.filter(({ key }) => key !== effect.key))}
            onUp={index > 0 ? () => move(index, -1) : undefined}
            onDown={index < effects.length - 1 ? () => move(index, 1) : undefined}
          />
        ))}
      </ol>
      {effects.length < maxEffects ? (
        <AddEffect name={name} onAdd={(added) => onChange([...effects, newEffect(added)])} />
      ) : null}
    </>
  );
}

function AddEffect({ name, onAdd }: { readonly name: string; readonly onAdd: (effect: string) => void }) {
  return (
    <label class="wide">
      <span class="sr-only">Add an effect to {name}</span>
      <select
        value=""
        onChange={({ currentTarget }) => {
          if (currentTarget.value !== "") onAdd(currentTarget.value);
          currentTarget.value = "";
        }}
      >
        <option value="">Add an effect…</option>
        {toGroups(catalogue.value).map((group) => (
          <optgroup key={group.name} label={group.name}>
            {group.effects.map((effect) => (
              <option key={effect.name} value={effect.name}>
                {effect.title}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function EffectFields(props: {
  readonly effect: EffectDraft;
  readonly startsOpen: boolean;
  readonly onChange: (effect: EffectDraft) => void;
  readonly onRemove: () => void;
  readonly onUp: (() => void) | undefined;
  readonly onDown: (() => void) | undefined;
}) {
  const { effect, startsOpen, onChange, onRemove, onUp, onDown } = props;
  const described = catalogue.value.find(({ name }) => name === effect.name);
  const title = described?.title ?? effect.name;
  return (
    <li>
      <div class="row">
        <h3>{title}</h3>
        <button type="button" class="small" aria-label={`Move ${title} up`} disabled={!onUp} onClick={onUp}>
          ↑
        </button>
        <button type="button" class="small" aria-label={`Move ${title} down`} disabled={!onDown} onClick={onDown}>
          ↓
        </button>
        <button type="button" class="small" aria-label={`Remove ${title}`} onClick={onRemove}>
          ×
        </button>
      </div>
      {described ? (
        <details open={startsOpen}>
          <summary>Settings of {title}</summary>
          <Settings effect={effect} described={described} onChange={onChange} />
        </details>
      ) : null}
    </li>
  );
}

function Settings(props: {
  readonly effect: EffectDraft;
  readonly described: EffectDescription;
  readonly onChange: (effect: EffectDraft) => void;
}) {
  const { effect, described, onChange } = props;
  return (
    <>
      <p class="hint">{described.description}</p>
      {toFields(described).map((field) => (
        <SettingField
          key={field.name}
          field={field}
          value={effect.settings[field.name] ?? field.byDefault}
          onChange={(value) => onChange({ ...effect, settings: withSetting(effect.settings, field, value) })}
        />
      ))}
    </>
  );
}
