import { expect, test } from "vitest";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import type { RowShape } from "../rows/rows.ts";
import { type Canvas, canvasBytes, onCanvas } from "./canvas.ts";

const paint = { color: [1, 0, 0], opacity: 0.5 } as const;

const canvases = (["bytes", "floats"] as const).flatMap((from) =>
  (["bytes", "floats"] as const).flatMap((to) =>
    [3, 4].flatMap((given) =>
      [undefined, paint].map((behind) => ({
        from,
        to,
        shape: { widthPx: 50, heightPx: 20, channels: given as 3 | 4 } satisfies RowShape,
        behind,
      })),
    ),
  ),
);

test.each(canvases)(
  "a canvas from $from of $shape.channels channels to $to emits its rows one by one and allocates what it says",
  ({ from, to, shape, behind }) => {
    for (const area of [
      { leftPx: -7, topPx: -30, widthPx: 70, heightPx: 100 },
      { leftPx: 10, topPx: 5, widthPx: 3, heightPx: 10 },
      { leftPx: -900, topPx: 19, widthPx: 1_000, heightPx: 2 },
    ]) {
      const space = openKernelSpace();
      let bytes = 0;
      const counted: typeof space = {
        ...space,
        allocate(count) {
          bytes += count;
          return space.allocate(count);
        },
      };
      const place = space.allocate(area.widthPx * 16);
      let emitted = 0;
      const canvas: Canvas = { area, channels: 4, border: paint, behind };
      const stage = onCanvas(canvas)(
        { space: counted, shape, from, to },
        {
          place: () => place,
          emit() {
            emitted += 1;
          },
        },
      );
      const atMostOne = <T>(call: () => T): T => {
        const before = emitted;
        const result = call();
        expect(emitted - before).toBeLessThanOrEqual(1);
        return result;
      };
      const drain = () => {
        while (atMostOne(stage.more));
      };
      const row = space.allocate(shape.widthPx * 16);
      for (let y = 0; y < shape.heightPx; y++) {
        atMostOne(() => stage.push(row));
        drain();
      }
      atMostOne(stage.end);
      drain();
      space.close();
      expect(emitted).toBe(area.heightPx);
      expect(bytes).toBeLessThanOrEqual(canvasBytes({ ...shape, ...area, channels: 4 }));
    }
  },
);
