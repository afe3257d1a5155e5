import { effect, signal } from "@preact/signals";

/** Choices of the theme. "system" follows the device. */
export const themes = ["system", "light", "dark"] as const;

/** One of themes. */
export type Theme = (typeof themes)[number];

const key = "pixelmesh.theme";

/** The chosen theme. It is kept on this device. */
export const theme = signal<Theme>(themes.find((name) => name === localStorage.getItem(key)) ?? "system");

effect(() => {
  localStorage.setItem(key, theme.value);
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});
