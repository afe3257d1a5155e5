import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import type { PreviewRequest } from "./preview-effects.ts";

type View = Pick<PreviewRequest, "source" | "viewer">;

/** A preview that has begun. */
export type BegunPreview = {
  /** Throws CANCELLED if a newer preview of the same viewer and source has begun. Called before a retry. */
  assertLatest(): void;
  /** Forgets the preview at its end. */
  end(): void;
};

/** The latest preview of each viewer of a client. */
export type LatestPreviews = { begin(view: View): BegunPreview };

/**
 * Creates the record of a client's previews. The mesh takes a request that arrives later for the newer one, so a retry of an older preview would cancel
 * the newer one and show old settings.
 */
export function createLatestPreviews(): LatestPreviews {
  const viewers = new Map<string, { latest: View; open: number }>();
  return {
    begin(view) {
      const { viewer = "" } = view;
      if (viewer === "") return { assertLatest() {}, end() {} };
      const state = viewers.get(viewer) ?? { latest: view, open: 0 };
      viewers.set(viewer, state);
      state.latest = view;
      state.open += 1;
      return {
        assertLatest() {
          if (state.latest === view || keyOf(state.latest) !== keyOf(view)) return;
          throw new AppError("CANCELLED", "A newer preview of the same viewer and source has replaced this one");
        },
        end() {
          state.open -= 1;
          // The latest one is kept until the older ones have ended: they may still be about to repeat their call.
          if (state.open === 0) viewers.delete(viewer);
        },
      };
    },
  };
}

/** Returns a text that is the same for the same source. Bytes and their digest are the same source, as in the mesh. */
function keyOf({ source }: View): string {
  if (source instanceof Uint8Array) return createHash("sha256").update(source).digest("hex");
  return "sha256" in source ? source.sha256 : JSON.stringify([source.jobId, source.output ?? ""]);
}
