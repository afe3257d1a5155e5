import { defineFeature, type Feature } from "./feature.ts";
import { choice, color, integer, number, percent, picture } from "./parameters.ts";
import { maxSide, model, posterInks, prefer, prompt } from "./shared-parameters.ts";
import { above0, cutOut, effects, percents, result, shrink, step, upload } from "./steps.ts";

/**
 * Every version of every feature: the mesh's named pipelines. A job may name an older version, so a version is never changed or removed; a better one is
 * added with the next number.
 */
export const features: readonly Feature[] = [
  defineFeature({
    name: "enhance",
    version: 1,
    title: "Enhance",
    description:
      "Enlarges a picture with a model that is chosen for it, and finishes it: sharper, with a little more contrast and colour.",
    parameters: {
      scale: integer({ description: "Factor of both sides; 1 keeps the size.", from: 1, to: 4, byDefault: 2 }),
      sharpen: percent(30, "Strength of sharpening."),
      contrast: percent(20, "Added contrast."),
      color: percent(15, "Added saturation of muted colours."),
      prefer,
      model,
    },
    local: {
      steps: ({ scale, sharpen, contrast, color: vibrance }) => [
        scale > 1
          ? step("enlarge", {
              $case: "upscale",
              value: {
                scale,
                model: "auto",
                finishing: { sharpen: sharpen / 100, contrast: contrast * 0.003 },
              },
            })
          : effects("sharpen", [
              above0(sharpen, ["sharpen", { amount: sharpen * 2, radius: 1.6 }]),
              above0(contrast, ["color", { contrast: 100 + contrast * 0.3 }]),
            ]),
        effects("finish", [above0(vibrance, ["color", { vibrance }])]),
      ],
    },
    hosted: {
      capability: "enhance",
      passes: ["scale"],
      steps: ({ sharpen, contrast, color: vibrance }, hosted) => [
        hosted("enhance"),
        effects("finish", [
          above0(sharpen, ["sharpen", { amount: sharpen, radius: 1.6 }]),
          above0(contrast + vibrance, ["color", { contrast: 100 + contrast * 0.3, vibrance }]),
        ]),
      ],
    },
  }),
  defineFeature({
    name: "clarity",
    version: 1,
    title: "Clarity",
    description: "Takes noise away, then adds local contrast and crisp edges. Keeps the size.",
    parameters: {
      amount: percent(45, "Local contrast."),
      denoise: percent(30, "Strength against noise, before all else."),
      sharpen: percent(40, "Strength of sharpening."),
      color: percent(10, "Added saturation of muted colours."),
    },
    local: {
      steps: ({ amount, denoise, sharpen, color: vibrance }) => [
        effects("clarity", [
          above0(denoise, ["denoise", { strength: denoise * 0.6, radius: 3 }]),
          above0(amount, ["clarity", { amount, radius: 40 }]),
          above0(sharpen, ["sharpen", { amount: sharpen * 2, radius: 1.6, threshold: 3 }]),
          above0(vibrance, ["color", { vibrance }]),
        ]),
      ],
    },
  }),
  defineFeature({
    name: "beautify",
    version: 1,
    title: "Beautify",
    description: "Smooths skin and other even areas, keeps edges, and adds a soft, warm light.",
    parameters: {
      smooth: percent(50, "Smoothing of even areas."),
      soften: percent(10, "Softer local contrast."),
      light: percent(30, "Lighter mid-tones."),
      warmth: number({
        description: "Warmer (above 0) or cooler light.",
        from: -100,
        to: 100,
        byDefault: 12,
        unit: "%",
      }),
      prefer,
      model,
    },
    local: {
      steps: ({ smooth, soften, light, warmth }) => [
        effects("beautify", [
          above0(smooth, ["denoise", { strength: smooth * 0.8, radius: 5, color: 60 }]),
          above0(soften, ["clarity", { amount: -soften, radius: 24 }]),
          ["color", { temperature: warmth * 0.6, gamma: 1 + light * 0.003, contrast: 104, vibrance: 12 }],
          ["sharpen", { amount: 90, radius: 1.4, threshold: 4 }],
        ]),
      ],
    },
    hosted: {
      capability: "beautify",
      passes: ["smooth"],
      steps: ({ light, warmth }, hosted) => [
        hosted("retouch"),
        effects("light", [["color", { temperature: warmth * 0.6, gamma: 1 + light * 0.003 }]]),
      ],
    },
  }),
  defineFeature({
    name: "restore_face",
    version: 1,
    title: "Restore faces",
    description: "Restores blurred, damaged or compressed faces with a hosted model.",
    parameters: {
      fidelity: number({
        description: "Nearer to the given face (1), or nearer to a flawless one (0).",
        from: 0,
        to: 1,
        byDefault: 0.6,
      }),
      model,
    },
    hosted: { capability: "restore_face", passes: ["fidelity"], steps: (_, hosted) => [hosted("restore_face")] },
  }),
  defineFeature({
    name: "style",
    version: 1,
    title: "Style",
    description: "Redraws a picture in a style that a text describes, with a hosted model.",
    parameters: {
      prompt: prompt("oil painting with visible brush strokes", "The style, in words."),
      strength: number({
        description: "How far the result may depart from the picture.",
        from: 0,
        to: 1,
        byDefault: 0.6,
      }),
      model,
    },
    hosted: { capability: "style", passes: ["prompt", "strength"], steps: (_, hosted) => [hosted("style")] },
  }),
  defineFeature({
    name: "replace_background",
    version: 1,
    title: "Replace the background",
    description:
      "Cuts the main object out and puts a colour, a gradient, a blur of the picture, or another picture behind it.",
    parameters: {
      fill: choice(["color", "gradient", "blur"], "color", "What lies behind the object. A `picture` comes before it."),
      color: color("#f2f2f0", "The colour, and the upper colour of the gradient."),
      to_color: color("#c9ced6", "The lower colour of the gradient."),
      blur: number({ description: "Sigma of the blur.", from: 0.3, to: 100, byDefault: 14, unit: "px" }),
      picture: picture(
        "Another picture as background: 1, with an upload of the name `picture`; `@FILE` on the command line.",
      ),
    },
    local: {
      steps({ fill, color: from, to_color: to, blur, picture: hasPicture }) {
        const behind = (background: BackgroundOf, ...more: Parameters<typeof step>[2][]) =>
          step("background", { $case: "replaceBackground", value: { background } }, result("cut_out"), ...more);
        if (hasPicture) return [cutOut(), behind({ $case: "picture", value: {} }, upload("picture"))];
        if (fill === "blur") return [cutOut(), behind({ $case: "blurSigmaPx", value: blur }, upload("source"))];
        if (fill === "color") return [cutOut(), behind({ $case: "color", value: from })];
        return [cutOut(), behind({ $case: "gradient", value: { colors: [from, to], angle: 180 } })];
      },
    },
  }),
  defineFeature({
    name: "relight",
    version: 1,
    title: "Relight",
    description: "Lights a picture anew, as a text describes, with a hosted model.",
    parameters: {
      prompt: prompt("soft window light, warm", "The light, in words."),
      direction: choice(
        ["none", "left", "right", "top", "bottom"],
        "none",
        "Where the light comes from; none: the model decides.",
      ),
      model,
    },
    hosted: { capability: "relight", passes: ["prompt", "direction"], steps: (_, hosted) => [hosted("relight")] },
  }),
  defineFeature({
    name: "comic",
    version: 1,
    title: "Comic",
    description: "Flat inks, printed dots and black outlines, as in a comic book.",
    parameters: {
      palette: choice(
        ["original", "comic", "screenprint", "neon", "mint", "mono"],
        "original",
        "The inks: original keeps the colours of the picture.",
      ),
      levels: integer({ description: "Steps of lightness.", from: 2, to: 8, byDefault: 5 }),
      dots: number({
        description: "Distance between printed dots; below 2 none.",
        from: 0,
        to: 24,
        byDefault: 6,
        unit: "px",
      }),
      outline: percent(90, "Blackness of outlines."),
      smooth: percent(60, "Smoothing before, so that areas are flat."),
      max_side: maxSide,
      prefer,
      model,
    },
    local: {
      steps: ({ palette, levels, dots, outline, smooth, max_side: side }) => [
        shrink(side),
        effects("comic", [
          above0(smooth, ["denoise", { strength: smooth, radius: 5 }]),
          ["color", { vibrance: 35, contrast: 108 }],
          ["pop_art", { palette, levels, dot_size: dots, saturation: 140, outline, outline_width: 1 }],
        ]),
      ],
    },
    hosted: { capability: "comic", passes: [], steps: ({ max_side: side }, hosted) => [shrink(side), hosted("comic")] },
  }),
  defineFeature({
    name: "product_photo",
    version: 1,
    title: "Product photo",
    description:
      "Cuts a product out, corrects its light and colour, and centres it with a soft shadow on a plain ground.",
    parameters: {
      background: color("#ffffff", "The colour of the ground."),
      aspect: choice(["1:1", "4:5", "3:4", "4:3", "16:9"], "1:1", "Width to height of the result."),
      margin: number({
        description: "Space around the product, of its longer side.",
        from: 0,
        to: 40,
        byDefault: 8,
        unit: "%",
      }),
      shadow: percent(45, "Opacity of the shadow."),
      light: percent(30, "Lighter, clearer tones of the product."),
    },
    local: {
      steps: ({ background, aspect, margin, shadow, light }) => [
        cutOut(),
        effects("compose", [
          above0(light, ["color", { exposure: light * 0.006, contrast: 100 + light * 0.15, vibrance: light * 0.4 }]),
          above0(light, ["sharpen", { amount: 60, radius: 1.4 }]),
          ["crop", { mode: "object" }],
          ["padding", { mode: "aspect", sides: percents(margin), aspect, opacity: 0 }],
          above0(shadow, ["shadow", { kind: "contact", blur: 12, distance: 10, opacity: shadow, expand: false }]),
          ["padding", { sides: "0", color: background, behind: true }],
        ]),
      ],
    },
  }),
  defineFeature({
    name: "retro_poster",
    version: 1,
    title: "Retro poster",
    description: "A screen print of three inks on paper, with grain and a border, as on old travel posters.",
    parameters: {
      inks: choice(["sunset", "ocean", "forest", "night"], "sunset", "The inks of shadows, mid-tones and highlights."),
      levels: integer({ description: "Steps of lightness.", from: 3, to: 12, byDefault: 5 }),
      grain: percent(5, "Grain of the paper."),
      border: number({
        description: "Width of the border, of the longer side.",
        from: 0,
        to: 20,
        byDefault: 5,
        unit: "%",
      }),
      max_side: maxSide,
    },
    local: {
      steps: ({ inks, levels, grain, border, max_side: side }) => [
        shrink(side),
        effects("print", [
          ["denoise", { strength: 70, radius: 5 }],
          ["color", { gamma: 1.15, contrast: 118 }],
          ["posterize", { levels, mode: "luminance" }],
          ["duotone", { ...posterInks[inks], use_mid: true, contrast: 110 }],
          above0(grain, ["noise", { kind: "film_grain", amount: grain, size: 1, monochrome: true }]),
          above0(border, ["padding", { sides: percents(border), color: posterInks[inks].light }]),
        ]),
      ],
    },
  }),
];

type BackgroundOf = NonNullable<
  Extract<Parameters<typeof step>[1], { $case: "replaceBackground" }>["value"]["background"]
>;
