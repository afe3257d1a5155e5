import { theme, themes } from "../state/theme.ts";

/** Chooses between the device's theme, light and dark. */
export function ThemeChoice() {
  return (
    <label class="inline">
      <span>Theme</span>
      <select
        value={theme.value}
        onChange={({ currentTarget }) => {
          theme.value = themes.find((name) => name === currentTarget.value) ?? "system";
        }}
      >
        {themes.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
