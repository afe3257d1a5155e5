import { sniffFormat } from "@pixelmesh/imaging";

/** A picture in an output: its bytes, a stream of them, base64, or an address where it is. */
export type PictureReference =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "stream"; readonly stream: AsyncIterable<Uint8Array> }
  | { readonly kind: "base64"; readonly text: string }
  | { readonly kind: "address"; readonly address: string };

/** More pictures of an output are not read: an operation cannot name them. */
export const maxPictures = 16;
const maxDepth = 8;
const maxNodes = 2_000;
const maxJsonLength = 1024 * 1024;

/** Members that hold one picture. */
const pictureKeys = ["b64_json", "base64", "url", "uri", "image_url", "data_uri"] as const;
const base64Keys: ReadonlySet<string> = new Set(["b64_json", "base64"]);
/** Members that hold further members, or a picture. */
const containerKeys = [
  "output",
  "outputs",
  "result",
  "results",
  "data",
  "images",
  "image",
  "pictures",
  "picture",
  "artifacts",
  "files",
  "file",
  "content",
] as const;

/** The members of an object that are searched, in this order. The first one with a picture is taken, the others are not looked at. */
export const searchedKeys: readonly string[] = [...pictureKeys, ...containerKeys];

/**
 * Finds the pictures of an output, in its order, at most 16. Understands bytes, blobs and streams; objects with a method or member `url`; addresses, data URIs,
 * and base64 of a picture; lists of these; objects with them under `searchedKeys`; and JSON text of any of these. Looks at 8 levels and 2,000 values. Other texts are no
 * pictures. Throws what a method `url` throws.
 */
export async function findPictures(output: unknown): Promise<PictureReference[]> {
  const found: PictureReference[] = [];
  let nodes = 0;

  async function visit(value: unknown, depth: number, isBase64 = false): Promise<void> {
    nodes += 1;
    if (depth > maxDepth || nodes > maxNodes || found.length >= maxPictures) return;
    if (typeof value === "string") return visitText(value, depth, isBase64);
    if (typeof value !== "object" || value === null) return;
    if (value instanceof URL) return void found.push({ kind: "address", address: value.href });
    const url = (value as { readonly url?: unknown }).url;
    // A file object may be a stream, too, which would read its address without the guard.
    if (typeof url === "function") return visit(await url.call(value), depth + 1);
    const binary = toBinary(value);
    if (binary) return void found.push(binary);
    if (Array.isArray(value)) {
      for (const each of value) await visit(each, depth + 1, isBase64);
      return;
    }
    const before = found.length;
    for (const key of searchedKeys) {
      if (!Object.hasOwn(value, key)) continue;
      await visit((value as Readonly<Record<string, unknown>>)[key], depth + 1, base64Keys.has(key));
      if (found.length > before) return;
    }
  }

  async function visitText(text: string, depth: number, isBase64: boolean): Promise<void> {
    const reference = toReference(text, isBase64);
    if (reference) found.push(reference);
    else if (/^\s*[[{]/.test(text.slice(0, 64)) && text.length <= maxJsonLength)
      await visit(parseJson(text), depth + 1);
  }

  await visit(output, 0);
  return found;
}

function toBinary(value: object): PictureReference | undefined {
  if (value instanceof Uint8Array) return { kind: "bytes", bytes: value };
  if (value instanceof ArrayBuffer) return { kind: "bytes", bytes: new Uint8Array(value) };
  if (value instanceof Blob) return { kind: "stream", stream: value.stream() };
  if (Symbol.asyncIterator in value) return { kind: "stream", stream: value as AsyncIterable<Uint8Array> };
  return undefined;
}

/** A text that is a picture, or where one is. */
function toReference(text: string, isBase64: boolean): PictureReference | undefined {
  const head = text.slice(0, 256).trimStart();
  if (/^https?:\/\//i.test(head)) return { kind: "address", address: text.trim() };
  if (/^data:/i.test(head)) {
    const comma = text.indexOf(",");
    // Other encodings of data URIs are for text such as SVG.
    if (comma < 0 || comma > 1_024 || !/;\s*base64\s*$/i.test(text.slice(0, comma))) return undefined;
    return { kind: "base64", text: text.slice(comma + 1) };
  }
  // A provider that gives an address may leave its member for base64 empty.
  if (head === "") return undefined;
  return isBase64 || isPictureInBase64(head) ? { kind: "base64", text } : undefined;
}

/** Whether a text begins like the base64 of a picture. */
function isPictureInBase64(head: string): boolean {
  const beginning = /^[A-Za-z0-9+/]{64}/.exec(head)?.[0];
  return beginning !== undefined && sniffFormat(Buffer.from(beginning, "base64")) !== undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an output is, in a few words for an error: never its text. */
export function describeOutput(output: unknown): string {
  if (output === null || output === undefined) return "nothing";
  if (typeof output === "string")
    return output.startsWith("data:") ? "a data URI that is no base64" : `a text of ${output.length} characters`;
  if (typeof output !== "object") return `a ${typeof output}`;
  if (Array.isArray(output))
    return output.length === 0
      ? "an empty list"
      : `a list of ${output.length} that begins with ${describeOutput(output[0])}`;
  const keys = Object.keys(output)
    .slice(0, 8)
    .map((key) => key.replace(/[^\w.-]/g, "?").slice(0, 32));
  return keys.length === 0 ? "an empty object" : `an object with ${keys.join(", ")}`;
}
