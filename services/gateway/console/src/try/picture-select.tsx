import { useRef } from "preact/hooks";
import { addFurtherPicture, furtherPictures } from "./pictures.ts";

/** Chooses a further picture by the name under which it is sent, or adds one; empty: none. */
export function PictureSelect(props: {
  readonly id: string;
  /** What the picture is for, for the name of the button. */
  readonly what: string;
  readonly value: string;
  readonly describedBy?: string;
  readonly onChange: (picture: string) => void;
}) {
  const { id, what, value, describedBy, onChange } = props;
  const input = useRef<HTMLInputElement>(null);
  return (
    <span class="row">
      <select
        id={id}
        value={value}
        aria-describedby={describedBy}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        <option value="">none</option>
        {furtherPictures.value.map(({ sentAs, name }) => (
          <option key={sentAs} value={sentAs}>
            {name}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="small"
        aria-label={`Add a picture for ${what}`}
        onClick={() => input.current?.click()}
      >
        Add…
      </button>
      <input
        ref={input}
        type="file"
        class="sr-only"
        aria-label={`File of the picture for ${what}`}
        tabIndex={-1}
        accept="image/*"
        onChange={({ currentTarget }) => {
          const [file] = currentTarget.files ?? [];
          const added = file && addFurtherPicture(file);
          if (added !== undefined) onChange(added);
          currentTarget.value = "";
        }}
      />
    </span>
  );
}
