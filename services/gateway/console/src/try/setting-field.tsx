import { useId } from "preact/hooks";
import type { SettingValue } from "../pipeline/draft.ts";
import { type Field, isTextValid } from "../pipeline/form-model.ts";
import { PictureSelect } from "./picture-select.tsx";

type Props<F extends Field> = {
  readonly field: F;
  readonly value: SettingValue;
  readonly onChange: (value: SettingValue) => void;
};

/** The control of one setting of an effect, with its help text. */
export function SettingField({ field, value, onChange }: Props<Field>) {
  const id = useId();
  // A label holds one control only; this one has a button beside its list.
  if (field.kind === "picture")
    return (
      <div class="setting">
        <div class="field">
          <label for={id}>{field.label}</label>
          <Control field={field} value={value} onChange={onChange} id={id} />
        </div>
        <p class="hint" id={`${id}-help`}>
          {field.help}
        </p>
      </div>
    );
  return (
    <div class="setting">
      <label class={field.kind === "checkbox" ? "check" : undefined} for={id}>
        <span>{field.label}</span>
        <Control field={field} value={value} onChange={onChange} id={id} />
      </label>
      <p class="hint" id={`${id}-help`}>
        {field.help}
      </p>
    </div>
  );
}

function Control({ field, value, onChange, id }: Props<Field> & { readonly id: string }) {
  switch (field.kind) {
    case "slider":
      return <Slider field={field} value={value} onChange={onChange} id={id} />;
    case "select":
      return (
        <select
          value={`${value}`}
          id={id}
          aria-describedby={`${id}-help`}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {field.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      );
    case "checkbox":
      return (
        <input
          type="checkbox"
          checked={value === true}
          id={id}
          aria-describedby={`${id}-help`}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "color":
      return (
        <input
          type="color"
          value={`${value}`}
          id={id}
          aria-describedby={`${id}-help`}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "picture":
      return (
        <PictureSelect
          id={id}
          what={field.label}
          value={typeof value === "object" ? value.picture : ""}
          describedBy={`${id}-help`}
          onChange={(picture) => onChange(picture === "" ? "" : { picture })}
        />
      );
    case "text":
      return <TextField field={field} value={value} onChange={onChange} id={id} />;
  }
}

function Slider(props: Props<Field & { readonly kind: "slider" }> & { readonly id: string }) {
  const { field, value, onChange, id } = props;
  const { minimum, maximum, step, unit } = field;
  return (
    <span class="slider">
      <input
        type="range"
        min={minimum}
        max={maximum}
        step={step}
        value={Number(value)}
        id={id}
        aria-describedby={`${id}-help`}
        aria-valuetext={`${value}${unit === "" ? "" : ` ${unit}`}`}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      <output>
        {value} {unit}
      </output>
    </span>
  );
}

function TextField(props: Props<Field & { readonly kind: "text" }> & { readonly id: string }) {
  const { field, value, onChange, id } = props;
  const isValid = isTextValid(field, `${value}`);
  return (
    <>
      <input
        type="text"
        value={`${value}`}
        id={id}
        aria-describedby={`${id}-help`}
        aria-invalid={!isValid}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {isValid ? null : <span class="error">Expected {field.form}</span>}
    </>
  );
}
