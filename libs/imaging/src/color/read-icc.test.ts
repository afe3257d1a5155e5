import fc from "fast-check";
import { expect, test } from "vitest";
import { sharp } from "../engine/engine.ts";
import { isSrgbName, readIccDescription, readIccSpace } from "./read-icc.ts";

async function profileOf(name: string): Promise<Uint8Array> {
  const file = await sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } })
    .withIccProfile(name)
    .png()
    .toBuffer();
  return (await sharp(file).metadata()).icc!;
}

test("profiles give their own description", async () => {
  const [srgb, p3] = [await profileOf("srgb"), await profileOf("p3")];
  expect(isSrgbName(readIccDescription(srgb) ?? "")).toBe(true);
  expect(readIccDescription(p3)).toMatch(/P3/);
  expect(isSrgbName(readIccDescription(p3) ?? "")).toBe(false);
  expect([readIccSpace(srgb), readIccSpace(p3)]).toEqual(["RGB ", "RGB "]);
});

test("bytes that are not a profile have no description, and the reader never throws", async () => {
  expect(readIccDescription(new Uint8Array(0))).toBeUndefined();
  const profile = await profileOf("p3");
  fc.assert(
    fc.property(
      fc.nat({ max: profile.length }),
      fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 }))),
      (end, changes) => {
        const damaged = profile.slice(0, end);
        for (const [at, value] of changes) damaged[at] = value;
        const description = readIccDescription(damaged);
        expect(description === undefined || description.length <= 80).toBe(true);
        readIccSpace(damaged);
      },
    ),
  );
});
