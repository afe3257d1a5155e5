import { AppError } from "@pixelmesh/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toArray } from "../test/to-array.ts";
import { createPictureParts, toEvenChunks } from "./pictures.ts";

async function* from(chunks: readonly Uint8Array[]) {
  yield* chunks;
}

test("even chunks hold the same bytes in the same order, and all but the last have one size", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      fc.integer({ min: 1, max: 32 }),
      async (given, size) => {
        const even = await toArray(toEvenChunks(from(given), size));
        expect(Buffer.concat(even)).toEqual(Buffer.concat(given));
        expect(even.slice(0, -1).every((chunk) => chunk.length === size)).toBe(true);
        expect(even.every((chunk) => chunk.length > 0 && chunk.length <= size)).toBe(true);
      },
    ),
  );
});

test("each picture is announced by name, and the first is the source", async () => {
  const parts = createPictureParts([
    { bytes: Uint8Array.of(1, 2) },
    { name: "background", stream: from([Uint8Array.of(3)]), sizeBytes: 1 },
    { name: "stored", sha256: "ab" },
  ]);
  const messages = (await toArray(parts.read())).map(({ part }) => part);
  expect(messages).toEqual([
    { $case: "upload", value: { name: "source", sha256: "", sizeBytes: 2, sourceUrl: "" } },
    { $case: "chunk", value: Uint8Array.of(1, 2) },
    { $case: "upload", value: { name: "background", sha256: "", sizeBytes: 1, sourceUrl: "" } },
    { $case: "chunk", value: Buffer.of(3) },
    { $case: "upload", value: { name: "stored", sha256: "ab", sizeBytes: 0, sourceUrl: "" } },
  ]);
});

test("a `stream` can be repeated only until it is begun", async () => {
  const parts = createPictureParts([{ bytes: Uint8Array.of(1) }, { name: "more", stream: from([Uint8Array.of(2)]) }]);
  const reading = parts.read();
  await reading.next();
  await reading.next();
  await reading.next();
  expect(parts.canRepeat()).toBe(true);
  await reading.next();
  expect(parts.canRepeat()).toBe(false);
});

test("a picture without content, or with several, is refused, and the error names its index", () => {
  const error = (pictures: Parameters<typeof createPictureParts>[0]) => {
    try {
      createPictureParts(pictures);
    } catch (thrown) {
      return thrown as AppError;
    }
    return undefined;
  };
  expect(error([])?.fields[0]?.field).toBe("pictures");
  expect(error([{ bytes: Uint8Array.of(1) }, { name: "b" }])?.fields[0]?.field).toBe("pictures[1]");
  const both = error([{ bytes: Uint8Array.of(1), stream: from([]) }]);
  expect(both).toBeInstanceOf(AppError);
  expect(both?.reason).toBe("INVALID_ARGUMENT");
});
