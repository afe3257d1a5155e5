/** One event of a server-sent event stream. */
export type ServerEvent = { readonly event: string; readonly data: string; readonly id: string };

/** The most text of one event that is kept, in characters. */
const maxEventLength = 4 * 1024 * 1024;

/**
 * Reads server-sent events, as the HTML standard describes them, from the text of a response. Comments and other fields are ignored. Throws if an event
 * is longer than 4 Mi characters.
 */
export async function* readEvents(chunks: AsyncIterable<string>): AsyncGenerator<ServerEvent> {
  let rest = "";
  let event = "";
  let data: string[] = [];
  let id = "";
  for await (const chunk of chunks) {
    rest += chunk;
    if (rest.length > maxEventLength) throw new Error("Expected an event of at most 4 Mi characters");
    // A CR at the end of a chunk may be half of a CRLF: it waits for the next chunk.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield { event: event === "" ? "message" : event, data: data.join("\n"), id };
        event = "";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") event = value;
      else if (field === "data") data.push(value);
      else if (field === "id") id = value;
    }
  }
}

/** Reads the body of a response as text, piece by piece. */
export async function* readText(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
