/** An event of a stream. */
// biome-ignore lint/suspicious/noExplicitAny: data of events has many shapes.
export type ReadEvent = { readonly event: string; readonly id: string; readonly data: any };

/** An event stream that a test reads. */
export type EventReader = {
  readonly status: number;
  /** All text so far, comments included. */
  text(): string;
  /** Resolves to the next event; undefined at the end, or when the connection is cut. */
  next(): Promise<ReadEvent | undefined>;
  cut(): void;
};

/** Opens an event stream. It parses what the HTML standard (9.2.6) says of `event`, `id` and `data` lines. */
export async function openEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const gone = new AbortController();
  const response = await fetch(url, { headers, signal: gone.signal });
  const reader = (response.body as ReadableStream<Uint8Array>)
    ?.pipeThrough(new TextDecoderStream() as never)
    .getReader() as ReadableStreamDefaultReader<string> | undefined;
  let all = "";
  let rest = "";
  return {
    status: response.status,
    text: () => all,
    cut: () => gone.abort(),
    async next() {
      for (;;) {
        const end = rest.indexOf("\n\n");
        if (end >= 0) {
          const lines = rest.slice(0, end).split("\n");
          rest = rest.slice(end + 2);
          const read = (name: string) =>
            lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
          if (read("event") === "") continue;
          return { event: read("event"), id: read("id"), data: JSON.parse(read("data")) };
        }
        const { done, value } = (await reader?.read().catch(() => undefined)) ?? { done: true, value: undefined };
        if (done) return undefined;
        all += value;
        rest += value;
      }
    },
  };
}

/** Reads a stream to its end. */
export async function readAll(url: string, headers: Record<string, string> = {}): Promise<ReadEvent[]> {
  const stream = await openEvents(url, headers);
  const events: ReadEvent[] = [];
  for (let event = await stream.next(); event; event = await stream.next()) events.push(event);
  return events;
}
