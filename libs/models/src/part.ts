import { createHash } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import { z } from "zod";
import { writeFileDurably } from "./durable.ts";

/** A download that has not ended: its bytes in `path`, and what they are a part of in `<path>.json`. */
export type Part = {
  readonly path: string;
  readonly sizeBytes: number;
  /** Says in a request that only the rest of these very bytes is wanted; null where the server gave nothing for it. */
  readonly validator: string | null;
};

const factsSchema = z.strictObject({ source: z.string(), validator: z.string().nullable() });

/** What there is of a download from this address; nothing of one from another. */
export async function readPart(path: string, url: URL): Promise<Part> {
  const sizeBytes = (await stat(path).catch(() => null))?.size ?? 0;
  const text = await readFile(`${path}.json`, "utf8").catch(() => "{}");
  const facts = factsSchema.safeParse(parseJson(text));
  const same = facts.success && facts.data.source === toSourceKey(url);
  return same ? { path, sizeBytes, validator: facts.data.validator } : { path, sizeBytes: 0, validator: null };
}

/** Notes what the bytes that follow are a part of. */
export async function describePart(path: string, url: URL, validator: string | null): Promise<void> {
  await writeFileDurably(`${path}.json`, JSON.stringify({ source: toSourceKey(url), validator }));
}

/** Forgets a download. */
export async function removePart(path: string): Promise<void> {
  await Promise.all([rm(path, { force: true }), rm(`${path}.json`, { force: true })]);
}

/** An address may hold a password or a token. */
function toSourceKey(url: URL): string {
  return createHash("sha256").update(url.href).digest("hex");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
