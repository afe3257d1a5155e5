import { models } from "./draft-state.ts";

/** Chooses a model of a task, or the mesh's default. */
export function ModelSelect(props: {
  readonly task: "upscale" | "matte";
  readonly value: string;
  readonly onChange: (name: string) => void;
}) {
  const { task, value, onChange } = props;
  const usable = models.value.filter((model) => model.task === task && model.available);
  return (
    <label>
      <span>Model</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">the default</option>
        {usable.map(({ name, scale }) => (
          <option key={name} value={name}>
            {task === "upscale" ? `${name} (×${scale})` : name}
          </option>
        ))}
      </select>
    </label>
  );
}
