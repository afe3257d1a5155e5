import { AppError } from "@pixelmesh/errors";
import { findErrorText, providerFailure, toShownText } from "../providers/provider-failure.ts";

const maxEvents = 10_000;

type ServerEvent = { readonly name: string; readonly data: string };

/**
 * Reads an event stream (server-sent events, HTML standard) as Replicate sends it: `output` events with texts, then `done`. Returns the texts of `output` and
 * `message` events in order. Throws PROVIDER_FAILED for an `error` event, a `done` with a reason, and an end without `done`; OUTPUT_TOO_LARGE for more than
 * `maxBytes` in base64.
 */
export async function readEvents(
  provider: string,
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<string[]> {
  const texts: string[] = [];
  let events = 0;
  for await (const { name, data } of parseEvents(limit(provider, body, Math.ceil(maxBytes * 1.4) + 65_536))) {
    events += 1;
    if (events > maxEvents) throw providerFailure("PROVIDER_FAILED", provider, `streams more than ${maxEvents} events`);
    if (name === "output" || name === "message") texts.push(data);
    if (name === "error") throw providerFailure("PROVIDER_FAILED", provider, `streams an error: ${toReason(data)}`);
    if (name !== "done") continue;
    const reason = (parseJson(data) as { reason?: unknown } | undefined)?.reason;
    if (reason === undefined) return texts;
    throw providerFailure(
      "PROVIDER_FAILED",
      provider,
      `ended its stream without the result: ${toReason(String(reason))}`,
    );
  }
  throw providerFailure("PROVIDER_FAILED", provider, "ended its stream early");
}

async function* limit(provider: string, body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes)
      throw new AppError(
        "OUTPUT_TOO_LARGE",
        `Expected a stream of the provider \`${provider}\` of at most ${maxBytes} bytes, got more`,
      );
    yield chunk;
  }
}

/** Parses the events of a stream: fields `event` and `data`; comments and other fields are skipped. An event without an end is none. */
export async function* parseEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const decoder = new TextDecoder();
  let name = "";
  let data: string[] = [];
  let pieces: string[] = [];
  let isAfterReturn = false;
  for await (const chunk of body) {
    let text = decoder.decode(chunk, { stream: true });
    if (isAfterReturn && text.startsWith("\n")) text = text.slice(1);
    if (text !== "") isAfterReturn = text.endsWith("\r");
    const parts = text.split(/\r\n|\r|\n/);
    for (const [at, part] of parts.entries()) {
      pieces.push(part);
      if (at === parts.length - 1) break;
      const line = pieces.join("");
      pieces = [];
      if (line === "") {
        if (data.length > 0) yield { name: name === "" ? "message" : name, data: data.join("\n") };
        [name, data] = ["", []];
        continue;
      }
      const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === "event") name = value;
      if (field === "data") data.push(value);
    }
  }
}

function toReason(data: string): string {
  return toShownText(findErrorText(parseJson(data)) ?? data);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
