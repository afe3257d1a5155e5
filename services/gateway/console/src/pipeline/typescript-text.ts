import type { EffectDescription, Value } from "../api/types.ts";
import { type BackgroundDraft, cutsOut, type Draft, type EffectDraft } from "./draft.ts";
import { toEffects } from "./to-pipeline.ts";

/** Returns a program of the TypeScript SDK that does the job of a draft on a file. */
export function toTypeScript(draft: Draft, fileName: string, catalogue: readonly EffectDescription[]): string {
  return [
    'import { connectPixelmesh, pipeline } from "@pixelmesh/client";',
    "",
    'const mesh = connectPixelmesh({ address: "127.0.0.1:7400" });',
    `const wanted = ${toBuilderText(draft, catalogue)};`,
    `const finished = await mesh.run(wanted, ${toText(fileName)});`,
    'console.log(await finished.saveOutputs("out"));',
    "mesh.close();",
  ].join("\n");
}

/** Returns the pipeline of a draft as an expression of the SDK's `pipeline()`. */
export function toBuilderText(draft: Draft, catalogue: readonly EffectDescription[]): string {
  const main = mainCalls(draft, catalogue);
  const encoding = draft.format === "auto" ? [] : [{ format: draft.format }];
  const isKept = main.length > 0 || draft.variants.length === 0;
  const variants = draft.variants.map(({ name, effects }) => {
    const more = encoding.map((one) => `, ${toText(one)}`).join("");
    return `.variant(${toText(name)}, (from) => from${effectCalls(effects, catalogue).join("")}${more})`;
  });
  const calls = [...main, ...(isKept ? [call("output", "result", ...encoding)] : []), ...variants];
  return ["pipeline()", ...calls].join("\n  ");
}

function mainCalls(draft: Draft, catalogue: readonly EffectDescription[]): string[] {
  const { maxSidePx, scale, upscaleModel, cutoutModel, background, effects } = draft;
  return [
    ...(maxSidePx > 0 ? [call("prescale", { maxSidePx })] : []),
    ...(scale > 0 ? [call("upscale", upscaleModel === "" ? scale : { scale, model: upscaleModel })] : []),
    ...(cutsOut(draft) ? [call("removeBackground", ...(cutoutModel === "" ? [] : [{ model: cutoutModel }]))] : []),
    ...(background.kind === "none" ? [] : [call("replaceBackground", toBackground(background))]),
    ...effectCalls(effects, catalogue),
  ];
}

function effectCalls(effects: readonly EffectDraft[], catalogue: readonly EffectDescription[]): string[] {
  return toEffects(effects, catalogue).map(({ name, parameters }) => {
    const settings = Object.entries(parameters).map(([key, value]) => [key, toSetting(value)] as const);
    return call("effect", name, ...(settings.length === 0 ? [] : [Object.fromEntries(settings)]));
  });
}

/** The SDK takes a text of the form of a colour as a colour, unless it is marked as a text. */
function toSetting(value: Value): unknown {
  if ("text" in value) return value.text.startsWith("#") ? value : value.text;
  return Object.values(value)[0];
}

function toBackground(background: Exclude<BackgroundDraft, { readonly kind: "none" }>): unknown {
  switch (background.kind) {
    case "color":
      return background.color;
    case "blur":
      return { blurSigmaPx: background.sigmaPx };
    case "gradient":
      return { gradient: background.colors, angle: background.angle };
  }
}

function call(name: string, ...values: readonly unknown[]): string {
  return `.${name}(${values.map(toText).join(", ")})`;
}

/** Writes a value as TypeScript, in one line. */
function toText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, inner]) => `${key}: ${toText(inner)}`);
  return `{ ${members.join(", ")} }`;
}
