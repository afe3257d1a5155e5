import type { ParsedEffect } from "../src/domain/catalogue/define-effect.ts";
import { rowWork } from "../src/domain/picture/prepared-effect.ts";
import { toByte } from "../src/domain/rows/mix.ts";
import { rowBytes } from "../src/domain/rows/rows.ts";

/** The last effect of a chain, which changes nothing but notes the floats that it gets. */
export type WatchedFloats = {
  readonly effect: ParsedEffect;
  /** The samples of all rows so far. */
  readonly samples: number[];
};

/** Creates the watcher. Its own result is the floats, rounded. */
export function watchFloats(): WatchedFloats {
  const samples: number[] = [];
  const effect: ParsedEffect = {
    name: "watch",
    revision: 1,
    resolved: { name: "watch", parameters: {} },
    atScale: () => effect,
    work: rowWork(({ space, shape, from, to }, target) => {
      if (from !== "floats" || to !== "bytes") throw new Error("Expected the watcher to be last in a chain");
      const bytes = rowBytes(shape, "floats");
      return {
        push(row) {
          const view = space.bytes(row, bytes);
          const floats = new Float32Array(view.buffer, view.byteOffset, bytes / 4);
          samples.push(...floats);
          const out = target.place();
          space.bytes(out, bytes / 4).set(Array.from(floats, toByte));
          target.emit(out);
        },
        more: () => false,
        end() {},
      };
    }),
  };
  return { effect, samples };
}
