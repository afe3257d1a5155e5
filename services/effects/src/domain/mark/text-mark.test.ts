import { hash } from "node:crypto";
import { createPace } from "@pixelmesh/lifecycle";
import sharp from "sharp";
import { expect, test } from "vitest";
import { findFace, type OutlineStep } from "../../fonts/font-faces.ts";
import type { Rgb } from "../color/color.ts";
import { type GlyphLine, layOutLine, missingCharacter } from "./glyph-line.ts";
import { drawText, isLight, textAspect } from "./text-mark.ts";

const white: Rgb = [1, 1, 1];
const lineOf = (text: string) => layOutLine(text) as GlyphLine;

async function draw(text: string, widthPx: number, { color = white, outlineEm = 0 } = {}): Promise<Buffer> {
  const style = { line: lineOf(text), color, outlineEm };
  const size = { widthPx, heightPx: Math.round(widthPx * textAspect(style)) };
  const rows: Buffer[] = [];
  await drawText(style, size, createPace(), (_, rgba) => rows.push(Buffer.from(rgba)));
  return Buffer.concat(rows);
}

const alphasOf = (rgba: Buffer) => Array.from({ length: rgba.length / 4 }, (_, i) => rgba[i * 4 + 3] as number);

test("letters, marks and signs of the scripts are in the font, and what is not is named", () => {
  expect(missingCharacter("© 2026 Ångström ŘĘŠİ Ђєжук Ωμέγα ἀρχή ™ € — “” №")).toBeUndefined();
  expect(missingCharacter("ok 漢字")).toBe("漢");
  expect(missingCharacter("smile 🙂")).toBe("🙂");
  expect(missingCharacter("שלום")).toBe("ש");
});

test("a text lies as the tables of the font say: advances, kerning, boxes of glyphs", () => {
  // Inter Bold 4.1, tables hmtx, glyf and GPOS, as fontTools reads them: 2048 units an em.
  const { ink } = lineOf("H");
  const face = findFace(0x48)!;
  const [glyph] = face.layout("H", {}).glyphs;
  expect(ink.left * 2048).toBeCloseTo(glyph!.bbox.minX, 9);
  expect(ink.bottom).toBeCloseTo(0, 9);
  const kerned = lineOf("AV").glyphs[1]!.x;
  const advanceOfA = face.layout("A", {}).positions[0]!.xAdvance / 2048;
  expect(kerned).toBeLessThan(advanceOfA);
  // A Greek letter after Latin ones comes from another file and follows them.
  const [a, omega] = lineOf("AΩ").glyphs;
  expect(omega!.x).toBeCloseTo(a!.x + advanceOfA, 9);
});

test("a text without ink has no line", () => {
  expect(layOutLine("  ")).toBeUndefined();
});

/** The same letters as a path that librsvg draws. */
async function drawWithLibrsvg(text: string, widthPx: number, heightPx: number): Promise<number[]> {
  const { glyphs, ink } = lineOf(text);
  const scale = Math.min(widthPx / (ink.right - ink.left), heightPx / (ink.top - ink.bottom));
  const left = (widthPx - scale * (ink.right - ink.left)) / 2;
  const top = (heightPx - scale * (ink.top - ink.bottom)) / 2;
  const letters = { moveTo: "M", lineTo: "L", quadraticCurveTo: "Q", closePath: "Z" } as const;
  const path = glyphs.flatMap(({ glyph, unitsPerEm, x, y }) =>
    glyph.path.commands.map(({ command, args }: OutlineStep) => {
      const points = args.map((value, i) =>
        i % 2 === 0
          ? left + (x + value / unitsPerEm - ink.left) * scale
          : top + (ink.top - y - value / unitsPerEm) * scale,
      );
      return `${letters[command]}${points.join(" ")}`;
    }),
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}"><path d="${path.join("")}"/></svg>`;
  const { data } = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return alphasOf(data);
}

test.each(["Sample", "© Ångström & Жук ΩΣ 8%", "."])("librsvg draws %s the same", async (text) => {
  const widthPx = text === "." ? 40 : 300;
  const own = alphasOf(await draw(text, widthPx));
  const other = await drawWithLibrsvg(text, widthPx, own.length / widthPx);
  const apart = own.map((alpha, i) => Math.abs(alpha - other[i]!));
  // Both round: librsvg counts 15 lines and 17 places of a pixel.
  expect(Math.max(...apart)).toBeLessThan(40);
  expect(apart.reduce((sum, value) => sum + value, 0) / apart.length).toBeLessThan(1);
  expect(Math.max(...own)).toBe(255);
});

test("an outline surrounds the letters in black, or white for dark ones", async () => {
  expect([isLight(white), isLight([0.5, 0.5, 0.5]), isLight([0.4, 0.4, 0.4]), isLight([0, 0, 1])]).toEqual([
    ...[true, true, false, false],
  ]);
  const rgba = await draw("I", 40, { outlineEm: 0.1 });
  const row = rgba.subarray(40 * 4 * 60, 40 * 4 * 61);
  const pixel = (x: number) => [...row.subarray(x * 4, x * 4 + 4)];
  expect(pixel(20)).toEqual([255, 255, 255, 255]);
  expect(pixel(4)).toEqual([0, 0, 0, 255]);
  expect(pixel(35)).toEqual([0, 0, 0, 255]);
  const blue = await draw("I", 40, { outlineEm: 0.1, color: [0, 0, 1] });
  expect([...blue.subarray(40 * 4 * 60 + 16, 40 * 4 * 60 + 20)]).toEqual([255, 255, 255, 255]);
});

test("the same text gives the same bytes on each machine", async () => {
  expect(hash("sha256", await draw("Sample Ωж", 200, { outlineEm: 0.04 }))).toBe(
    "cfb18de3bd36422c79506b00cf228e6c1b435d8a32cff3df344a8d5e0cea8a04",
  );
});
