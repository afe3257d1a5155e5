import type { EffectDescription, Value } from "../api/types.ts";
import { type BackgroundDraft, cutsOut, type Draft, type EffectDraft, picturesOfDraft } from "./draft.ts";
import { toEffects } from "./to-pipeline.ts";

/** What a program names besides the draft. */
export type ProgramContext = {
  readonly fileName: string;
  /** Returns the name of the file of a further picture. */
  readonly fileOf: (picture: string) => string;
  readonly catalogue: readonly EffectDescription[];
};

/** Returns a program of the TypeScript SDK that does the job of a draft on a file. */
export function toTypeScript(draft: Draft, { fileName, fileOf, catalogue }: ProgramContext): string {
  const further = picturesOfDraft(draft).map(
    (name) => `{ name: ${toText(name)}, bytes: await readFile(${toText(fileOf(name))}) }`,
  );
  const given = further.length === 0 ? toText(fileName) : `[${[toText(fileName), ...further].join(", ")}]`;
  return [
    ...(further.length === 0 ? [] : ['import { readFile } from "node:fs/promises";']),
    'import { connectPixelmesh, pipeline } from "@pixelmesh/client";',
    "",
    'const mesh = connectPixelmesh({ address: "127.0.0.1:7400" });',
    `const wanted = ${toBuilderText(draft, catalogue)};`,
    `const finished = await mesh.run(wanted, ${given});`,
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
  return toEffects(effects, catalogue).map(({ name, parameters }, index) => {
    const given = effects[index]?.settings ?? {};
    const settings = Object.entries(parameters).map(([key, value]) => {
      const picture = given[key];
      return [key, typeof picture === "object" ? picture : toSetting(value)] as const;
    });
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
    case "picture":
      return { picture: background.picture, ...(background.fit === "cover" ? {} : { fit: background.fit }) };
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
