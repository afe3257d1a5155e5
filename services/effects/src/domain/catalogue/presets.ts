import { type Effect, EffectDescription, type Value } from "@pixelmesh/proto";

/** A number, a flag, a text, or a colour as `#rrggbb`. */
type Setting = number | boolean | string;
type Link = readonly [effect: string, settings: Readonly<Record<string, Setting>>];

/** Named chains. A preset may change between releases: a job keeps the chain that it was created with. */
const presets: Readonly<
  Record<string, { readonly title: string; readonly description: string; readonly chain: readonly Link[] }>
> = {
  noir: {
    title: "Noir",
    description: "Hard black and white through a red filter, with grain and dark corners, as in crime films.",
    chain: [
      ["black_and_white", { mode: "red_filter", contrast: 1.35, brightness: -6, grain: 14, grain_size: 2 }],
      ["vignette", { amount: -70 }],
    ],
  },
  silver: {
    title: "Silver print",
    description: "Soft black and white with a slight warm tint, as on fibre paper.",
    chain: [["black_and_white", { contrast: 1.08, tint: "#a89478", grain: 6 }]],
  },
  warhol: {
    title: "Warhol",
    description: "Few loud inks and thick outlines, as in a screen print.",
    chain: [["pop_art", { palette: "screenprint", levels: 5, dot_size: 0, saturation: 160, outline_width: 2 }]],
  },
  comic: {
    title: "Comic",
    description: "Printed dots and black outlines over flat inks.",
    chain: [["pop_art", { palette: "comic", levels: 5, dot_size: 6, outline: 90 }]],
  },
  gameboy: {
    title: "Game Boy",
    description: "Four greens and coarse pixels.",
    chain: [
      ["color", { contrast: 150 }],
      ["retro_8bit", { palette: "gameboy", pixel_size: 4, dither: 40 }],
    ],
  },
  pixel_art: {
    title: "Pixel art",
    description: "Coarse pixels in the sixteen colours of PICO-8.",
    chain: [["retro_8bit", { palette: "pico8", pixel_size: 6, dither: 25 }]],
  },
  vhs: {
    title: "VHS",
    description: "A worn tape: displaced colours, torn rows, noise and lines.",
    chain: [
      ["color", { saturation: 120, contrast: 92 }],
      ["rgb_split", { shift: 4 }],
      ["shake", { amount: 8, block: 6, density: 25, channels: 30 }],
      ["noise", { kind: "gaussian", amount: 10 }],
      ["noise", { kind: "scan_lines", amount: 25, size: 2 }],
    ],
  },
  newsprint: {
    title: "Newsprint",
    description: "Black dots on yellowed paper.",
    chain: [["halftone", { mode: "mono", cell: 6, angle: 45, paper: "#f2ead8", ink: "#22201c" }]],
  },
  magazine: {
    title: "Magazine",
    description: "Four-colour print through a lens: dots of cyan, magenta, yellow and black.",
    chain: [["halftone", { mode: "cmyk", cell: 6 }]],
  },
  faded: {
    title: "Faded",
    description: "A warm snapshot from a drawer: lifted blacks, little colour, dark corners.",
    chain: [
      ["color", { saturation: 75, temperature: 18 }],
      ["curves", { points: "0:0.09 0.25:0.29 0.75:0.77 1:0.95" }],
      ["vignette", { amount: -25 }],
    ],
  },
  cyanotype: {
    title: "Cyanotype",
    description: "Prussian blue on paper.",
    chain: [["duotone", { dark: "#0b2545", light: "#eef4f7" }]],
  },
  sketch: {
    title: "Sketch",
    description: "Pencil on paper.",
    chain: [["edge_sketch", {}]],
  },
  product: {
    title: "Product",
    description:
      "A cut-out centred on a white square, with a margin of 5 % of the square and a soft shadow on the ground.",
    chain: [
      ["crop", { mode: "object" }],
      // 5.56 % of the object's longer side are 5 % of a square with two such margins.
      ["padding", { mode: "aspect", sides: "5.56%", aspect: "1:1", opacity: 0 }],
      ["shadow", { kind: "contact", blur: 12, distance: 10, opacity: 45, expand: false }],
      ["padding", { sides: "0", color: "#ffffff", behind: true }],
    ],
  },
  sticker: {
    title: "Sticker",
    description: "A cut-out with a white border and a soft shadow.",
    chain: [
      ["outline", { width: 12, color: "#ffffff" }],
      ["shadow", { blur: 14, distance: 6, angle: 285, opacity: 45 }],
    ],
  },
  one_bit: {
    title: "One bit",
    description: "Black and white dots only, as on the first Macintosh.",
    chain: [["dither", { method: "atkinson" }]],
  },
};

const prefix = "preset:";
const descriptions = Object.entries(presets).map(([name, { title, description, chain }]) =>
  EffectDescription.fromPartial({
    name: `${prefix}${name}`,
    group: "preset",
    title,
    description,
    revision: 1,
    chain: chain.map(toEffect),
  }),
);
const byName = new Map(descriptions.map((description) => [description.name, description]));

/** Returns every preset with its chain. */
export function presetDescriptions(): readonly EffectDescription[] {
  return descriptions;
}

/** Returns a preset by its name, such as `preset:vhs`; undefined if there is none. */
export function findPreset(name: string): EffectDescription | undefined {
  return byName.get(name);
}

function toEffect([name, settings]: Link): Effect {
  const parameters = Object.entries(settings).map(([key, value]) => [key, { kind: toKind(value) }] as const);
  return { name, parameters: Object.fromEntries(parameters) };
}

function toKind(value: Setting): NonNullable<Value["kind"]> {
  if (typeof value === "number") return { $case: "number", value };
  if (typeof value === "boolean") return { $case: "flag", value };
  return /^#[0-9a-f]{6}$/.test(value) ? { $case: "color", value } : { $case: "text", value };
}
