import { expect, test } from "vitest";
import { readEvents } from "./event-stream.ts";

async function* from(...chunks: string[]) {
  yield* chunks;
}

// The examples are those of the HTML standard, section "Interpreting an event stream".
test("Events of several lines, without data and with comments are read as the HTML standard says", async () => {
  const text = ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
  expect(await Array.fromAsync(readEvents(from(text)))).toEqual([
    { event: "message", data: "first event", id: "1" },
    { event: "message", data: "second event", id: "" },
    { event: "message", data: " third event", id: "" },
  ]);
  const stocks = "event: add\r\ndata: YHOO\r\ndata: +2\r\ndata: 10\r\n\r\ndata\n\ndata\ndata\n\ndata:";
  expect(await Array.fromAsync(readEvents(from(stocks)))).toEqual([
    { event: "add", data: "YHOO\n+2\n10", id: "" },
    { event: "message", data: "", id: "" },
    { event: "message", data: "\n", id: "" },
  ]);
});

test("Events are the same however the text is cut", async () => {
  const text = 'event: job\r\nid: 7-1\r\ndata: {"a":1}\r\n\r\n: heartbeat\r\n\r\nevent: end\r\ndata: {}\r\n\r\n';
  const whole = await Array.fromAsync(readEvents(from(text)));
  expect(whole).toHaveLength(2);
  for (let cut = 1; cut < text.length; cut += 1)
    expect(await Array.fromAsync(readEvents(from(text.slice(0, cut), text.slice(cut))))).toEqual(whole);
});

test("An endless event is refused", async () => {
  async function* endless() {
    for (;;) yield "x".repeat(1_000_000);
  }
  await expect(Array.fromAsync(readEvents(endless()))).rejects.toThrow("at most 4 Mi");
});
