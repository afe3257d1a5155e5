import { type Rgb, toRgb } from "./color.ts";

/** Colours of old hardware, `#rrggbb`, and how a picture is matched to them. */
export type Palette = {
  readonly colors: readonly string[];
  /** tone: by lightness alone, stretched over the palette's range, for palettes of one hue. */
  readonly match: "color" | "tone";
};

function egaColors(): readonly string[] {
  const steps = ["00", "55", "aa", "ff"];
  return steps.flatMap((red) => steps.flatMap((green) => steps.map((blue) => `#${red}${green}${blue}`)));
}

/** Palettes by name. */
export const palettes = {
  /** Nintendo Game Boy (DMG-01): the four greens commonly used for its screen. */
  gameboy: { match: "tone", colors: ["#0f380f", "#306230", "#8bac0f", "#9bbc0f"] },
  /** Nintendo NES: the 2C02's distinct colours as listed by the NESdev Wiki, "PPU palettes". */
  nes: {
    match: "color",
    colors: [
      ...["#000000", "#545454", "#001e74", "#081090", "#300088", "#440064", "#5c0030", "#540400", "#3c1800", "#202a00"],
      ...["#083a00", "#004000", "#003c00", "#00323c", "#989698", "#084cc4", "#3032ec", "#5c1ee4", "#8814b0", "#a01464"],
      ...["#982220", "#783c00", "#545a00", "#287200", "#087c00", "#007628", "#006678", "#eceeec", "#4c9aec", "#787cec"],
      ...["#b062ec", "#e454ec", "#ec58b4", "#ec6a64", "#d48820", "#a0aa00", "#74c400", "#4cd020", "#38cc6c", "#38b4cc"],
      ...["#3c3c3c", "#a8ccec", "#bcbcec", "#d4b2ec", "#ecaeec", "#ecaed4", "#ecb4b0", "#e4c490", "#ccd278", "#b4de78"],
      ...["#a8e290", "#98e2b4", "#a0d6e4", "#a0a2a0"],
    ],
  },
  /** Commodore 64: P. Timmermann ("Pepto"), "Calculating the color palette of the VIC II" (2001). */
  c64: {
    match: "color",
    colors: [
      ...["#000000", "#ffffff", "#68372b", "#70a4b2", "#6f3d86", "#588d43", "#352879", "#b8c76f"],
      ...["#6f4f25", "#433900", "#9a6759", "#444444", "#6c6c6c", "#9ad284", "#6c5eb5", "#959595"],
    ],
  },
  /** IBM Color Graphics Adapter: the 16 colours of RGBI on a 5153 display, with its brown. */
  cga: {
    match: "color",
    colors: [
      ...["#000000", "#0000aa", "#00aa00", "#00aaaa", "#aa0000", "#aa00aa", "#aa5500", "#aaaaaa"],
      ...["#555555", "#5555ff", "#55ff55", "#55ffff", "#ff5555", "#ff55ff", "#ffff55", "#ffffff"],
    ],
  },
  /** IBM Enhanced Graphics Adapter: two bits for each primary, all 64 colours; "IBM Enhanced Graphics Adapter", technical reference (1984). */
  ega: { match: "color", colors: egaColors() },
  /** Sinclair ZX Spectrum: each primary off, normal (0xd8, as commonly measured) or bright. */
  zx_spectrum: {
    match: "color",
    colors: [
      ...["#000000", "#0000d8", "#d80000", "#d800d8", "#00d800", "#00d8d8", "#d8d800", "#d8d8d8"],
      ...["#0000ff", "#ff0000", "#ff00ff", "#00ff00", "#00ffff", "#ffff00", "#ffffff"],
    ],
  },
  /** The PICO-8 fantasy console, Lexaloffle Games, from its manual. */
  pico8: {
    match: "color",
    colors: [
      ...["#000000", "#1d2b53", "#7e2553", "#008751", "#ab5236", "#5f574f", "#c2c3c7", "#fff1e8"],
      ...["#ff004d", "#ffa300", "#ffec27", "#00e436", "#29adff", "#83769c", "#ff77a8", "#ffccaa"],
    ],
  },
} as const satisfies Record<string, Palette>;

/** The name of a palette. */
export type PaletteName = keyof typeof palettes;

/** The names of all palettes. */
export const paletteNames = Object.keys(palettes) as PaletteName[];

/** What callers may choose: a palette, colours of their own, or those of the picture. */
export const paletteChoices = [...paletteNames, "custom", "adaptive"] as const;

/** The choice of a palette. */
export type PaletteChoice = (typeof paletteChoices)[number];

/** The default of a setting with the colours of a custom palette, chosen for this project: inks, skin, sand, leaves and water. */
export const customColors = "#1b1b2f #4a2c3f #8c3b3b #c9705a #e8b08a #f6e3c5 #4f7a3a #2f6f8f #8fc7dd";

/** Returns the colours of a choice, sRGB-encoded; `own` are those of a custom or an adaptive one. */
export function paletteColors(choice: PaletteChoice, own: readonly Rgb[]): readonly Rgb[] {
  if (choice === "custom" || choice === "adaptive") return own;
  return palettes[choice].colors.map((text) => toRgb(text) as Rgb);
}

/** Returns the name of a palette that is matched by tone. Undefined for other choices. */
export function findTonePalette(choice: PaletteChoice): PaletteName | undefined {
  if (choice === "custom" || choice === "adaptive") return undefined;
  return palettes[choice].match === "tone" ? choice : undefined;
}
