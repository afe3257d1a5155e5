import sharp from "sharp";
import { expect, test } from "vitest";
import { colorNames, toHexColor } from "./css-colors.ts";

/** Parses the colour with sharp. */
async function paintedBy(background: string): Promise<string> {
  const create = { width: 1, height: 1, channels: 4 as const, background };
  const [r, g, b, a] = await sharp({ create }).raw().toBuffer();
  const hex = [r, g, b, ...(a === 255 ? [] : [a])].map((value) => (value as number).toString(16).padStart(2, "0"));
  return `#${hex.join("")}`;
}

test("every colour name and hexadecimal form is the colour that sharp paints", async () => {
  expect(colorNames).toHaveLength(148);
  for (const text of [...colorNames, "#fa3", "#FFAA33", "#12345678", "#abcd", "#123f"])
    expect([text, toHexColor(text)]).toEqual([text, await paintedBy(text)]);
});

test.each(["", "#", "#ff", "#fffff", "#ggg", "whitee", "rgb(1,2,3)", "constructor", "__proto__", "toString"])(
  "`%s` is no colour",
  (text) => expect(toHexColor(text)).toBeUndefined(),
);
