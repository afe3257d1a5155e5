import type { EffectDescription } from "../api/types.ts";
import type { Draft } from "./draft.ts";
import { shellWord, toEffectText, toFlags } from "./flags.ts";
import { toTypeScript } from "./typescript-text.ts";

/** The same job as text to copy. */
export type CodeTexts = { readonly curl: string; readonly cli: string; readonly typescript: string };

/** What the texts need besides the draft. `origin` is the gateway's address. */
export type CodeContext = {
  readonly origin: string;
  readonly fileName: string;
  readonly tenant: string;
  readonly needsToken: boolean;
  readonly catalogue: readonly EffectDescription[];
};

/** Returns the job of a draft for curl, the command line and the TypeScript SDK. No token is in them: a variable holds it. */
export function toCodeTexts(draft: Draft, context: CodeContext): CodeTexts {
  const typescript = toTypeScript(draft, context.fileName, context.catalogue);
  const isUnsayable = draft.variants.some(({ effects }) =>
    effects.some((effect) => toEffectText(effect).includes("+")),
  );
  if (isUnsayable) return { curl: noFlags, cli: noFlags, typescript };
  return { curl: toCurl(draft, context), cli: toCli(draft, context), typescript };
}

/** In a variant's text, a plus stands between two effects. */
const noFlags =
  "# A setting of a variant contains `+`, which flags cannot express. TypeScript shows the whole pipeline.";

function toCurl(draft: Draft, { origin, fileName, tenant, needsToken }: CodeContext): string {
  const query = new URLSearchParams();
  for (const [name, value] of toFlags(draft))
    query.append(name === "upscale" ? "scale" : name.replaceAll("-", "_"), `${value}`);
  const lines = [
    `curl -sS -X POST ${shellWord(`${origin}/v1/jobs?${query}`)}`,
    ...(needsToken ? ['  -H "Authorization: Bearer $PIXELMESH_TOKEN"'] : []),
    ...(tenant === "" ? [] : [`  -H ${shellWord(`X-Pixelmesh-Tenant: ${tenant}`)}`]),
    "  -H 'Content-Type: application/octet-stream'",
    `  --data-binary ${shellWord(`@${fileName}`)}`,
  ];
  return lines.join(" \\\n");
}

function toCli(draft: Draft, { fileName, tenant }: CodeContext): string {
  const words = toFlags(draft).map(([name, value]) => (value === true ? `--${name}` : `--${name} ${shellWord(value)}`));
  const head = ["pixelmesh", ...(tenant === "" ? [] : [`--tenant ${shellWord(tenant)}`]), "run", shellWord(fileName)];
  return [head.join(" "), ...words.map((word) => `  ${word}`), "  --out-dir out"].join(" \\\n");
}
