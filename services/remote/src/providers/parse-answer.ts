import { sniffFormat } from "@pixelmesh/imaging";
import { providerFailure } from "./provider-failure.ts";

/** The body of an answer: `json` for JSON, else `bytes`; the other one is undefined. */
export type ParsedAnswer = { readonly json: unknown; readonly bytes: Uint8Array | undefined };

/** Parsed, an answer takes many times its bytes: 21 million empty lists fit into 64 MiB of text and need a GiB. */
const maxValues = 250_000;
/** Fewer bytes cannot hold so many values. */
const leastBytes = maxValues;
const jsonTypes = /^(application|text)\/([\w.-]+\+)?json$/;
/** An object or a list, also after a byte order mark. */
const beginning = /^(\u00ef\u00bb\u00bf)?\s*[[{]/;
const [quote, backslash] = [0x22, 0x5c];
/** Every value but the first one comes after one of these. */
const separators: ReadonlySet<number> = new Set(Buffer.from(",:[{"));

/**
 * Parses the body of an answer. Its content decides: a picture is bytes although it is announced as JSON, and text that begins as an object or a list is JSON although
 * it is announced as another type or not at all. Throws PROVIDER_FAILED for text that is announced as JSON and is none, and for more than 250,000 values.
 */
export function parseAnswer(provider: string, bytes: Uint8Array, mediaType: string): ParsedAnswer {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isAnnounced = jsonTypes.test(mediaType);
  if (isAnnounced && sniffFormat(body.subarray(0, 64)) !== undefined) return { json: undefined, bytes };
  if (!isAnnounced && !beginning.test(body.toString("latin1", 0, 64))) return { json: undefined, bytes };
  if (hasTooManyValues(body))
    throw providerFailure("PROVIDER_FAILED", provider, `answered with JSON of more than ${maxValues} values`);
  try {
    // Some servers send a byte order mark, which is no part of JSON.
    return { json: JSON.parse(new TextDecoder().decode(body)), bytes: undefined };
  } catch (cause) {
    if (!isAnnounced) return { json: undefined, bytes };
    throw providerFailure("PROVIDER_FAILED", provider, "answered with text that is not JSON", { cause });
  }
}

/** Counts the separators outside of texts. Pictures in base64 are texts, which are skipped as a whole. */
function hasTooManyValues(body: Buffer): boolean {
  if (body.length < leastBytes) return false;
  let values = 0;
  for (let at = 0; at < body.length; ) {
    const begin = body.indexOf(quote, at);
    const end = begin < 0 ? body.length : begin;
    for (; at < end; at++) {
      if (separators.has(body[at] ?? 0)) values += 1;
      if (values > maxValues) return true;
    }
    at = endOfText(body, end + 1);
  }
  return false;
}

/** Returns the place after the quote that ends a text. */
function endOfText(body: Buffer, from: number): number {
  for (let at = body.indexOf(quote, from); at >= 0; at = body.indexOf(quote, at + 1)) {
    let escapes = 0;
    while (body[at - 1 - escapes] === backslash && at - 1 - escapes >= from) escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
  return body.length;
}
