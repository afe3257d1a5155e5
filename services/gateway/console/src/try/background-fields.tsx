import { useId } from "preact/hooks";
import { type BackgroundDraft, cutsOut, fits } from "../pipeline/draft.ts";
import { changeDraft, draft } from "./draft-state.ts";
import { ModelSelect } from "./model-select.tsx";
import { PictureSelect } from "./picture-select.tsx";

const choices = {
  none: "transparent",
  color: "one colour",
  gradient: "a gradient",
  blur: "the blurred picture",
  picture: "another picture",
} as const;

const initial: Readonly<Record<keyof typeof choices, BackgroundDraft>> = {
  none: { kind: "none" },
  color: { kind: "color", color: "#ffffff" },
  gradient: { kind: "gradient", colors: ["#ffffff", "#8899bb"], angle: 180 },
  blur: { kind: "blur", sigmaPx: 12 },
  picture: { kind: "picture", picture: "", fit: "cover" },
};

/** The fields of the cut-out and of the new background. */
export function BackgroundFields() {
  const { removeBackground, background, cutoutModel } = draft.value;
  const isCut = cutsOut(draft.value);
  return (
    <fieldset>
      <legend>Background</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={isCut}
          onChange={({ currentTarget }) =>
            changeDraft({
              removeBackground: currentTarget.checked,
              ...(currentTarget.checked ? {} : { background: initial.none }),
            })
          }
        />
        <span>Cut out the main object</span>
      </label>
      {isCut ? (
        <>
          <ModelSelect task="matte" value={cutoutModel} onChange={(name) => changeDraft({ cutoutModel: name })} />
          <label>
            <span>Put behind it</span>
            <select
              value={background.kind}
              onChange={({ currentTarget }) =>
                changeDraft({
                  removeBackground: removeBackground || isCut,
                  background: initial[currentTarget.value as keyof typeof choices],
                })
              }
            >
              {Object.entries(choices).map(([kind, text]) => (
                <option key={kind} value={kind}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <BackgroundSettings background={background} />
        </>
      ) : null}
    </fieldset>
  );
}

function BackgroundSettings({ background }: { readonly background: BackgroundDraft }) {
  const set = (changed: BackgroundDraft) => changeDraft({ background: changed });
  switch (background.kind) {
    case "none":
      return null;
    case "color":
      return <Color label="Colour" value={background.color} onChange={(color) => set({ ...background, color })} />;
    case "blur":
      return (
        <Range
          label="Blur"
          unit="px"
          least={1}
          most={100}
          value={background.sigmaPx}
          onChange={(sigmaPx) => set({ ...background, sigmaPx })}
        />
      );
    case "picture":
      return <PictureBehind background={background} onChange={set} />;
    case "gradient":
      return (
        <>
          {background.colors.map((color, index) => (
            <Color
              key={`${index + 1}`}
              label={`Colour ${index + 1}`}
              value={color}
              onChange={(changed) =>
                set({ ...background, colors: background.colors.map((one, at) => (at === index ? changed : one)) })
              }
            />
          ))}
          <Range
            label="Angle"
            unit="degrees"
            least={0}
            most={360}
            value={background.angle}
            onChange={(angle) => set({ ...background, angle })}
          />
        </>
      );
  }
}

type PictureDraft = Extract<BackgroundDraft, { readonly kind: "picture" }>;

function PictureBehind(props: {
  readonly background: PictureDraft;
  readonly onChange: (changed: PictureDraft) => void;
}) {
  const { background, onChange } = props;
  const id = useId();
  return (
    <>
      <div class="field">
        <label for={id}>Picture behind it</label>
        <PictureSelect
          id={id}
          what="the background"
          value={background.picture}
          onChange={(picture) => onChange({ ...background, picture })}
        />
      </div>
      <label>
        <span>It fills the background by</span>
        <select
          value={background.fit}
          onChange={({ currentTarget }) =>
            onChange({ ...background, fit: fits.find((one) => one === currentTarget.value) ?? "cover" })
          }
        >
          {fits.map((fit) => (
            <option key={fit} value={fit}>
              {fitWords[fit]}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

const fitWords: Readonly<Record<(typeof fits)[number], string>> = {
  cover: "covering all of it",
  contain: "lying whole in it",
  stretch: "being stretched",
  tile: "being repeated",
};

function Color(props: { readonly label: string; readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <label>
      <span>{props.label}</span>
      <input type="color" value={props.value} onInput={({ currentTarget }) => props.onChange(currentTarget.value)} />
    </label>
  );
}

function Range(props: {
  readonly label: string;
  readonly unit: string;
  readonly least: number;
  readonly most: number;
  readonly value: number;
  readonly onChange: (value: number) => void;
}) {
  const { label, unit, least, most, value, onChange } = props;
  return (
    <label>
      <span>{label}</span>
      <span class="slider">
        <input
          type="range"
          min={least}
          max={most}
          value={value}
          onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
        />
        <output>
          {value} {unit}
        </output>
      </span>
    </label>
  );
}
