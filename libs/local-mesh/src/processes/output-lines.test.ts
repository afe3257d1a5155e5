import { expect, test } from "vitest";
import { createLineReader } from "./output-lines.ts";

test("lines are the same wherever the stream is cut, also within a character", () => {
  const bytes = Buffer.from("a ä\n\nb\nno line end yet");
  for (const size of [1, 3, 7, 1_000]) {
    const lines: string[] = [];
    const read = createLineReader((line) => lines.push(line));
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
    expect(lines).toEqual(["a ä", "", "b"]);
  }
});

test("a line without an end is held up to 64 KiB", () => {
  const lines: string[] = [];
  const read = createLineReader((line) => lines.push(line));
  for (let at = 0; at < 100; at += 1) read(Buffer.alloc(1024, "x"));
  read(Buffer.from("\n"));
  expect(lines.map(({ length }) => length)).toEqual([64 * 1024]);
});
