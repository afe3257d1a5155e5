// Renders the pictures in this folder: node --conditions=development examples/render-scenes.ts [GRID]
// GRID squared is the number of samples a pixel (default 10, some minutes; 3 for a quick look). The same GRID gives the
// same bytes.
import { writeFileSync } from "node:fs";
import { createFrame, encodeFrame, type Frame } from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { develop, render, type Scene } from "./scene/render.ts";
import { portraitObject } from "./scene/robot.ts";
import { stillLife } from "./scene/still-life.ts";

const grid = Number(process.argv[2] ?? 10);

await picture("still-life", stillLife(480, 360), false);
await picture("portrait-object", portraitObject(400, 480), true);

async function picture(name: string, scene: Scene, withMask: boolean): Promise<void> {
  const startMs = performance.now();
  const rendering = render(scene, grid);
  const { widthPx, heightPx } = scene;
  const jpeg = Encoding.fromPartial({ format: ImageFormat.JPEG, quality: 93 });
  await write(`${name}.jpg`, createFrame(widthPx, heightPx, 3, develop(rendering, scene.exposure)), jpeg);
  if (withMask) {
    const mask = createFrame(
      widthPx,
      heightPx,
      1,
      Uint8Array.from(rendering.mask, (share) => Math.round(255 * share)),
    );
    await write(`${name}.mask.png`, mask, Encoding.fromPartial({ format: ImageFormat.PNG }));
  }
  console.log(
    `${name}: ${widthPx}x${heightPx}, ${grid * grid} samples a pixel, ${Math.round(performance.now() - startMs)} ms`,
  );
}

async function write(file: string, frame: Frame, encoding: Encoding): Promise<void> {
  const { bytes } = await encodeFrame(frame, encoding);
  writeFileSync(new URL(file, import.meta.url), bytes);
}
