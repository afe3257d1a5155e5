import { createHash } from "node:crypto";
import sharp from "sharp";

const dataUri = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w-]+=[^;,]*)*;base64,(.*)$/s;
const maxKept = 16;
const kept = new Map<string, Promise<readonly Buffer[]>>();

/** The bytes of the data URIs in a value, in order. */
export function findPictures(value: unknown): Buffer[] {
  if (typeof value === "string") {
    const found = dataUri.exec(value);
    return found ? [Buffer.from(found[2] ?? "", "base64")] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(findPictures);
}

/**
 * Pictures of an answer: the first input picture with inverted colours, as PNG, each one a pixel narrower than the one before. Without an input picture they
 * are 48x32 px and of one colour. Equal inputs are computed once.
 */
export function makePictures(inputs: readonly Buffer[], count: number): Promise<readonly Buffer[]> {
  const [first] = inputs;
  const key = `${first ? createHash("sha256").update(first).digest("hex") : ""}:${count}`;
  const known = kept.get(key);
  if (known) return known;
  const made = Promise.all(Array.from({ length: count }, (_, at) => makePicture(first, at)));
  kept.set(key, made);
  made.catch(() => kept.delete(key));
  for (const old of kept.keys()) if (kept.size > maxKept) kept.delete(old);
  return made;
}

async function makePicture(input: Buffer | undefined, narrower: number): Promise<Buffer> {
  const whole =
    input === undefined
      ? sharp({ create: { width: 48, height: 32, channels: 3, background: "#3060c0" } })
      : sharp(input).negate({ alpha: false });
  const { data, info } = await whole.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return sharp(data, { raw: { width, height, channels } })
    .extract({ left: 0, top: 0, width: Math.max(1, width - narrower), height })
    .png({ compressionLevel: 1 })
    .toBuffer();
}
