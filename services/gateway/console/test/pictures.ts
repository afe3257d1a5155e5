import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";

/** A picture of the repository, with 400×480 pixels. */
export const portrait = "examples/portrait-object.jpg";

/** Writes a picture into a folder that takes two cores many seconds to enlarge. Returns its path. */
export async function writeLargePicture(dir: string): Promise<string> {
  const path = join(dir, "large.jpg");
  await sharp(portrait).resize(1_600).toFile(path);
  return path;
}

/** Drops files on the page, or pastes them, as a user does. */
export async function givePictures(page: Page, way: "drop" | "paste", paths: readonly string[]): Promise<void> {
  const files = paths.map((path) => ({
    name: path.split("/").at(-1) ?? path,
    base64: readFileSync(path).toString("base64"),
  }));
  await page.evaluate(
    ([how, given]) => {
      const data = new DataTransfer();
      for (const { name, base64 } of given) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        data.items.add(new File([bytes], name, { type: "image/jpeg" }));
      }
      if (how === "paste") dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
      else
        document
          .querySelector('[data-testid="drop"]')
          ?.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    },
    [way, files] as const,
  );
}

/** The pixels of the picture after the divider: a digest of them, and whether all of them are grey. Undefined without one. */
export async function readAfter(
  page: Page,
): Promise<{ readonly digest: string; readonly isGrey: boolean } | undefined> {
  return page.evaluate(async () => {
    const image = document.querySelector<HTMLImageElement>('[data-testid="after"]');
    if (!image) return undefined;
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context?.drawImage(image, 0, 0);
    const pixels = context?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray();
    let isGrey = true;
    let sum = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      const [red = 0, green = 0, blue = 0, alpha = 0] = pixels.subarray(at, at + 4);
      // A canvas rounds the colours of transparent pixels.
      if (alpha === 255 && Math.max(red, green, blue) - Math.min(red, green, blue) > 2) isGrey = false;
      sum = (Math.imul(sum, 31) + red * 65_536 + green * 256 + blue) >>> 0;
    }
    return { digest: `${canvas.width}x${canvas.height}:${sum}`, isGrey };
  });
}
