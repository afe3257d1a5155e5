import { fileURLToPath } from "node:url";
import { spread } from "@pixelmesh/bench/stats";
import { ImageFormat, type Pixelmesh } from "@pixelmesh/client";
import { resizeFrame } from "@pixelmesh/imaging";
import { loadTestPicture } from "@pixelmesh/testing";
import { runStep, type StepTask, toPng } from "./run-step.ts";

/** The speed of a picture of 640×480, after a warm-up, without other jobs, encoded as `auto`. */
export type Speed = {
  readonly runs: number;
  /** From the first byte sent to the last received. */
  readonly wallMs: ReturnType<typeof spread>;
  /** The step alone, from started to stored. */
  readonly stepMs: ReturnType<typeof spread>;
  /** Megapixels of input per second, by the median of `wallMs`. */
  readonly inputMpPerSecond: number;
};

const runs = 3;
const [widthPx, heightPx] = [640, 480];

/** Runs the project's still life through one operation: once as a warm-up, then `runs` times. */
export async function measureSpeed(client: Pixelmesh, operation: StepTask["operation"]): Promise<Speed> {
  const scene = await loadTestPicture(fileURLToPath(new URL("../examples/still-life.jpg", import.meta.url)));
  const task = { operation, bytes: await toPng(await resizeFrame(scene.frame, widthPx, heightPx)) };
  const wall: number[] = [];
  const step: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const { wallMs, stepMs } = await runStep(client, { ...task, format: ImageFormat.AUTO });
    if (run === 0) continue;
    wall.push(wallMs);
    step.push(stepMs);
  }
  const wallMs = spread(wall);
  const inputMpPerSecond = Number(((widthPx * heightPx) / 1000 / wallMs.median).toFixed(3));
  return { runs, wallMs, stepMs: spread(step), inputMpPerSecond };
}
