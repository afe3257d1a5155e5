import fc from "fast-check";
import { expect, test } from "vitest";
import { parseEvents, readEvents } from "./read-events.ts";

async function* chunksOf(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

const read = (text: string, maxBytes = 1_000_000) => readEvents("fake", chunksOf(text, []), maxBytes);

test("the outputs of a stream are read until it is done", async () => {
  const text =
    ": hi\n\nevent: output\nid: 1:0\ndata: https://a/1\n\nevent: logs\ndata: x\n\nevent: output\ndata: two\ndata: lines\n\nevent: done\ndata: {}\n\nevent: output\ndata: late\n\n";
  expect(await read(text)).toEqual(["https://a/1", "two\nlines"]);
});

test.each([
  ["an error", 'event: error\ndata: {"detail":"out of\\u0007 memory"}\n\n', /streams an error: out of\\u0007 memory/],
  ["a reason", 'event: done\ndata: {"reason":"canceled"}\n\n', /without the result: canceled/],
  ["no end", "event: output\ndata: a\n\n", /ended its stream early/],
])("a stream with %s fails", async (_, text, message) => {
  await expect(read(text)).rejects.toMatchObject({
    reason: "PROVIDER_FAILED",
    message: expect.stringMatching(message),
  });
});

test("a stream that is too long fails", async () => {
  await expect(read(`data: ${"a".repeat(100_000)}\n\n`, 1_000)).rejects.toMatchObject({ reason: "OUTPUT_TOO_LARGE" });
});

test("events do not depend on how a stream is cut into chunks, nor on the ends of its lines", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", ":", " ", "ß", "€", "x"), maxLength: 8 });
  const events = fc.array(
    fc.record({
      name: fc.constantFrom("output", "done", "logs"),
      lines: fc.array(line, { minLength: 1, maxLength: 3 }),
    }),
  );
  const newline = fc.constantFrom("\n", "\r\n", "\r");
  await fc.assert(
    fc.asyncProperty(events, newline, fc.array(fc.integer({ min: 1, max: 5 })), async (list, end, sizes) => {
      const text = list
        .map(({ name, lines }) => [`event: ${name}`, ...lines.map((each) => `data: ${each}`), "", ""].join(end))
        .join("");
      const found = await Array.fromAsync(parseEvents(chunksOf(text, sizes)));
      expect(found).toEqual(list.map(({ name, lines }) => ({ name, data: lines.join("\n") })));
    }),
  );
});
