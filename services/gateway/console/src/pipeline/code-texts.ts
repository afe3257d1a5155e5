import type { EffectDescription } from "../api/types.ts";
import { type Draft, effectsOfDraft, picturesOfEffects } from "./draft.ts";
import { formNames, type PictureNames, shellWord, toEffectText, toFlags } from "./flags.ts";
import { toTypeScript } from "./typescript-text.ts";

/** The same job as text to copy. */
export type CodeTexts = { readonly curl: string; readonly cli: string; readonly typescript: string };

/** What the texts need besides the draft. `origin` is the gateway's address. */
export type CodeContext = {
  readonly origin: string;
  readonly fileName: string;
  /** Returns the name of the file of a further picture. */
  readonly fileOf: (picture: string) => string;
  readonly tenant: string;
  readonly needsToken: boolean;
  readonly catalogue: readonly EffectDescription[];
};

/** Returns the job of a draft for curl, the command line and the TypeScript SDK. No token is in them: a variable holds it. */
export function toCodeTexts(draft: Draft, context: CodeContext): CodeTexts {
  const { fileName, fileOf, catalogue } = context;
  const typescript = toTypeScript(draft, { fileName, fileOf, catalogue });
  const curl = canSay(draft, formNames) ? toCurl(draft, context) : noFlags;
  const files = fileNames(fileOf);
  return { curl, cli: canSay(draft, files) ? toCli(draft, context, files) : noFlags, typescript };
}

/** The command line names further pictures by their files. `./` tells a file from a colour. */
function fileNames(fileOf: CodeContext["fileOf"]): PictureNames {
  return { setting: fileOf, background: (picture) => `./${fileOf(picture)}` };
}

/** In a variant's text, a plus stands between two effects. */
function canSay({ variants }: Draft, names: PictureNames): boolean {
  return !variants.some(({ effects }) => effects.some((effect) => toEffectText(effect, names).includes("+")));
}

const noFlags =
  "# A setting of a variant contains `+`, which flags cannot express. TypeScript shows the whole pipeline.";

function toCurl(draft: Draft, { origin, fileName, fileOf, tenant, needsToken }: CodeContext): string {
  const fields = toFlags(draft).map(
    ([name, value]) => [name === "upscale" ? "scale" : name.replaceAll("-", "_"), `${value}`] as const,
  );
  const head = [
    ...(needsToken ? ['  -H "Authorization: Bearer $PIXELMESH_TOKEN"'] : []),
    ...(tenant === "" ? [] : [`  -H ${shellWord(`X-Pixelmesh-Tenant: ${tenant}`)}`]),
  ];
  const pictures = formFiles(draft, fileOf);
  const lines =
    pictures.length === 0
      ? [
          `curl -sS -X POST ${shellWord(`${origin}/v1/jobs?${new URLSearchParams(fields.map((field) => [...field]))}`)}`,
          ...head,
          "  -H 'Content-Type: application/octet-stream'",
          `  --data-binary ${shellWord(`@${fileName}`)}`,
        ]
      : [
          `curl -sS ${shellWord(`${origin}/v1/jobs`)}`,
          ...head,
          ...fields.map(([name, value]) => `  --form-string ${shellWord(`${name}=${value}`)}`),
          `  -F ${shellWord(`picture=${toFormFile(fileName)}`)}`,
          ...pictures.map(([name, file]) => `  -F ${shellWord(`${name}=${toFormFile(file)}`)}`),
        ];
  return lines.join(" \\\n");
}

/** Returns the further files of a form: name and file. */
function formFiles(draft: Draft, fileOf: CodeContext["fileOf"]): (readonly [name: string, file: string])[] {
  const { background } = draft;
  const behind = background.kind === "picture" ? [["background", fileOf(background.picture)] as const] : [];
  return [...behind, ...picturesOfEffects(effectsOfDraft(draft)).map((name) => [name, fileOf(name)] as const)];
}

/** Names a file for `curl -F`, where a semicolon or a comma would end the name. */
function toFormFile(file: string): string {
  return /[;,"\\]/.test(file) ? `@"${file.replace(/["\\]/g, "\\$&")}"` : `@${file}`;
}

function toCli(draft: Draft, { fileName, tenant }: CodeContext, names: PictureNames): string {
  const flags = toFlags(draft, names);
  const words = flags.map(([name, value]) => (value === true ? `--${name}` : `--${name} ${shellWord(value)}`));
  const head = ["pixelmesh", ...(tenant === "" ? [] : [`--tenant ${shellWord(tenant)}`]), "run", shellWord(fileName)];
  return [head.join(" "), ...words.map((word) => `  ${word}`), "  --out-dir out"].join(" \\\n");
}
