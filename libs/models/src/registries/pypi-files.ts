import { AppError } from "@pixelmesh/errors";
import { z } from "zod";
import { parseJson } from "../parse-json.ts";
import { toPublicText } from "../sources/source.ts";
import type { IndexPage } from "./read-index.ts";

/** A file of a package, as an index lists it. */
export type ListedFile = { readonly filename: string; readonly url: URL; readonly sha256: string | undefined };

/** PEP 691; only what is read here. */
const jsonSchema = z.object({
  files: z.array(
    z.object({ filename: z.string(), url: z.string(), hashes: z.record(z.string(), z.string()).optional() }),
  ),
});

/** A link with its attributes and its text. Not every index escapes `>` in attributes, as PEP 503 wants. */
const anchor = /<a\s((?:[^<>"']|"[^"]*"|'[^']*')*)>([^<]*)<\/a\s*>/gi;
const href = /(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)')/i;
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#43": "+" };

/** Lists the files of a page of an index: JSON (PEP 691) or HTML (PEP 503). Throws MODEL_UNAVAILABLE for JSON of another form. */
export function listFiles(page: IndexPage): readonly ListedFile[] {
  return page.contentType.endsWith("json") ? listJson(page) : listHtml(page);
}

function listJson({ text, url: base }: IndexPage): ListedFile[] {
  const parsed = jsonSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new AppError("MODEL_UNAVAILABLE", `${toPublicText(base)} answered in another form than PEP 691's`);
  }
  return parsed.data.files.flatMap(({ filename, url, hashes }) => {
    const link = toLink(url, base);
    return link ? [{ filename, url: link, sha256: hashes?.sha256 }] : [];
  });
}

function listHtml({ text, url: base }: IndexPage): ListedFile[] {
  return [...text.matchAll(anchor)].flatMap(([, attributes = "", name = ""]) => {
    const [, double, single] = href.exec(attributes) ?? [];
    const url = toLink(decode(double ?? single ?? ""), base);
    const sha256 = /^#sha256=([0-9a-f]{64})$/.exec(url?.hash ?? "")?.[1];
    return url ? [{ filename: decode(name).trim(), url, sha256 }] : [];
  });
}

function toLink(text: string, base: URL): URL | undefined {
  const url = text === "" ? null : URL.parse(text, base.href);
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined;
}

function decode(text: string): string {
  return text.replace(/&([a-z]+|#\d+);/g, (whole, name: string) => entities[name] ?? whole);
}
