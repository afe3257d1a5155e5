import { choice, integer, text } from "./parameters.ts";

/** Whether a feature with both ways stays in the mesh. */
export const prefer = choice(
  ["local", "hosted"],
  "local",
  "local: the models and effects of this mesh; hosted: a hosted model that has the feature's capability, where this mesh has one and allows it.",
);

/** The hosted model of a feature. */
export const model = text({
  description: "A hosted model with the feature's capability; empty: the first one that is available.",
  form: "empty, or the name of a hosted model",
  pattern: "^([a-z0-9][a-z0-9._-]{0,63})?$",
  byDefault: "",
});

/** A text that a hosted model gets. */
export const prompt = (byDefault: string, description: string) =>
  text({
    description,
    form: "1 to 1,000 characters without line breaks",
    pattern: "^[^\\p{Cc}]{1,1000}$",
    byDefault,
  });

/** The size of a picture whose dots and lines are in px. */
export const maxSide = integer({
  description: "The picture is shrunk to this longest side first. Dots and lines are the larger, the smaller it is.",
  from: 256,
  to: 4096,
  byDefault: 1600,
  unit: "px",
});

/** The inks of shadows, mid-tones and highlights of a poster. */
export const posterInks = {
  sunset: { dark: "#1d1a3d", mid: "#d9483b", light: "#f7dfa8" },
  ocean: { dark: "#0c2340", mid: "#2a8c9c", light: "#f3ead2" },
  forest: { dark: "#14261c", mid: "#6a8f3c", light: "#f1e6c4" },
  night: { dark: "#0d0f1c", mid: "#5a4b8c", light: "#e9dcc9" },
} as const;
