import { expect, test } from "vitest";
import { Effect } from "./index.ts";

const text = (field: number, value: string) => Buffer.from([field, value.length, ...Buffer.from(value)]);

/** An Effect on the wire, by the encoding of Protocol Buffers: name is field 1, an entry of `parameters` field 2 with key 1 and value 2. */
function encodeByHand(key: string, value: Buffer): Buffer {
  const entry = Buffer.concat([text(0x0a, key), value]);
  return Buffer.concat([text(0x0a, "dither"), Buffer.from([0x12, entry.length]), entry]);
}

// A Value whose text (field 2) is "x".
const textValue = Buffer.from([0x12, 0x03, 0x12, 0x01, 0x78]);

test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "levels"])(
  "the key `%s` is an entry like any other",
  (key) => {
    for (const value of [textValue, Buffer.alloc(0)]) {
      const wire = encodeByHand(key, value);
      const decoded = Effect.decode(wire);
      expect(Object.keys(decoded.parameters)).toEqual([key]);
      expect(Object.entries(Effect.decode(Effect.encode(decoded).finish()).parameters)).toEqual(
        Object.entries(decoded.parameters),
      );
      expect(Object.keys(Effect.fromPartial(decoded).parameters)).toEqual([key]);
      expect(Object.keys(Effect.fromJSON(JSON.parse(JSON.stringify(Effect.toJSON(decoded)))).parameters)).toEqual([
        key,
      ]);
    }
  },
);
