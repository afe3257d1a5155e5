import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { decodePicture, defaultLimits, type Frame, resizeFrame } from "@pixelmesh/imaging";
import type { EffectDescription } from "@pixelmesh/proto";
import sharp from "sharp";
import { effectDescriptions, parseEffects } from "../../services/effects/src/domain/catalogue/catalogue.ts";
import { presetDescriptions } from "../../services/effects/src/domain/catalogue/presets.ts";
import { applyChain } from "../../services/effects/src/domain/chain.ts";
import { toCode, toPage, toTable } from "./markdown.ts";
import { toForm } from "./parameter-form.ts";

const groups = [
  ["tone", "Tone and colour"],
  ["print", "Print and retro"],
  ["detail", "Detail"],
  ["glitch", "Glitch"],
  ["composition", "Composition"],
] as const;

const folder = new URL("../../docs/reference/effects/", import.meta.url);
const examples = new URL("../../examples/", import.meta.url);
const recordUrl = new URL("rendered.json", folder);
const widthPx = 220;

/** Returns the page of all effects and presets, with an example picture of each. */
export function effectsPage(): string {
  const effects = effectDescriptions();
  return toPage("Effects", "services/effects/src/domain", [
    "Examples show `examples/still-life.jpg` through each effect at its defaults, its lengths scaled with the picture as in previews. Those of effects of composition show the object of `examples/portrait-object.jpg`, cut out.",
    ...groups.flatMap(([group, title]) => [
      `## ${title}`,
      ...effects.filter((it) => it.group === group).map(toSection),
    ]),
    "## Presets",
    "A preset is a chain with a name. It is used like an effect, as in `--effect preset:vhs`, and has no parameters.",
    ...presetDescriptions().map(toPreset),
  ]);
}

/** A digest of what decides the example of each effect and preset: the revisions and settings of its chain. */
export function exampleDigests(): Readonly<Record<string, string>> {
  const all = [...effectDescriptions(), ...presetDescriptions()];
  const pairs = all.map(({ name, chain }) => {
    const links = chain.length > 0 ? chain : [{ name, parameters: {} }];
    const parts = parseEffects(links).map(({ revision, resolved }) => [revision, resolved]);
    return [name, createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16)];
  });
  return Object.fromEntries(pairs);
}

/** Returns the digests that the examples on disk were rendered for. */
export function renderedDigests(): unknown {
  try {
    return JSON.parse(readFileSync(recordUrl, "utf8"));
  } catch {
    return {};
  }
}

/** Renders the example of every effect and preset anew. */
export async function renderExamples(): Promise<void> {
  const scene = await shrink(readFileSync(new URL("still-life.jpg", examples)));
  const object = await shrink(await cutOut());
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const composed = new Set(
    effectDescriptions()
      .filter(({ group }) => group === "composition")
      .map(({ name }) => name),
  );
  for (const { name, chain } of [...effectDescriptions(), ...presetDescriptions()]) {
    const isComposed = composed.has(name) || chain.some((link) => composed.has(link.name));
    const { frame, factor } = isComposed ? object : scene;
    const effects = parseEffects([{ name, parameters: {} }]).map((effect) => effect.atScale(factor));
    writeFileSync(new URL(toFile(name), folder), await toWebp(await applyChain(frame, effects)));
  }
  writeFileSync(recordUrl, `${JSON.stringify(exampleDigests(), undefined, 2)}\n`);
}

/** Decodes a picture and shrinks it to the width of an example. */
async function shrink(bytes: Uint8Array): Promise<{ readonly frame: Frame; readonly factor: number }> {
  const { frame } = await decodePicture(bytes, defaultLimits);
  const factor = widthPx / frame.widthPx;
  return { frame: await resizeFrame(frame, widthPx, Math.round(frame.heightPx * factor)), factor };
}

/** Returns the object of an example picture without its background, by the mask beside it. */
async function cutOut(): Promise<Uint8Array> {
  const mask = await sharp(readFileSync(new URL("portrait-object.mask.png", examples)))
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const picture = sharp(readFileSync(new URL("portrait-object.jpg", examples)));
  return picture.joinChannel(mask.data, { raw: mask.info }).png().toBuffer();
}

function toWebp({ widthPx: width, heightPx: height, channels, data }: Frame): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels } }).webp({ quality: 78 }).toBuffer();
}

const toFile = (name: string) => `${name.replace(":", "-")}.webp`;

function toSection({ name, title, description, parameters }: EffectDescription): string {
  const rows = parameters.map((it) => [
    toCode(it.name),
    toForm(it),
    toCode(`${it.defaultValue?.kind?.value ?? ""}`),
    it.description,
  ]);
  return [
    `### ${title}: \`${name}\``,
    `![${title}](effects/${toFile(name)})`,
    description,
    toTable(["parameter", "form", "default", "meaning"], rows),
  ].join("\n\n");
}

function toPreset({ name, title, description, chain }: EffectDescription): string {
  const links = chain.map((link) => {
    const settings = Object.entries(link.parameters).map(([key, { kind }]) => `${key}=${kind?.value}`);
    return toCode(`${link.name}${settings.length > 0 ? `:${settings.join(",")}` : ""}`);
  });
  return [
    `### ${title}: \`${name}\``,
    `![${title}](effects/${toFile(name)})`,
    description,
    `Chain: ${links.join(", ")}`,
  ].join("\n\n");
}
