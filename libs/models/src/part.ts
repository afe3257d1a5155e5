import { createHash } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import { z } from "zod";
import { writeFileDurably } from "./durable.ts";
import { parseJson } from "./parse-json.ts";

/** An incomplete download: its bytes are in `path`, its source and validator in `<path>.json`. */
export type Part = {
  readonly path: string;
  readonly sizeBytes: number;
  /** For the `If-Range` header of a resuming request; null if the server sent no validator. */
  readonly validator: string | null;
};

const factsSchema = z.strictObject({ source: z.string(), validator: z.string().nullable() });

/** Reads the incomplete download from this address. Its size is 0 if there is none or it is from another address. */
export async function readPart(path: string, url: URL): Promise<Part> {
  const sizeBytes = (await stat(path).catch(() => null))?.size ?? 0;
  const text = await readFile(`${path}.json`, "utf8").catch(() => "{}");
  const facts = factsSchema.safeParse(parseJson(text));
  const same = facts.success && facts.data.source === toSourceKey(url);
  return same ? { path, sizeBytes, validator: facts.data.validator } : { path, sizeBytes: 0, validator: null };
}

/** Records the source and validator of the bytes that follow. */
export async function describePart(path: string, url: URL, validator: string | null): Promise<void> {
  await writeFileDurably(`${path}.json`, JSON.stringify({ source: toSourceKey(url), validator }));
}

/** Removes an incomplete download. */
export async function removePart(path: string): Promise<void> {
  await Promise.all([rm(path, { force: true }), rm(`${path}.json`, { force: true })]);
}

/** Hashes the address, because it may contain a password or a token. */
function toSourceKey(url: URL): string {
  return createHash("sha256").update(url.href).digest("hex");
}
