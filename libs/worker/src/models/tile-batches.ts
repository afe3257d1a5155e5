import { toAppError } from "@pixelmesh/errors";
import type { AvailableModel, InferenceHost } from "@pixelmesh/inference";
import { type OpenSpan, openSpan } from "@pixelmesh/telemetry";

/** Most tiles of one span. A picture of 100 megapixels in tiles of 512 px has seven. */
const maxTiles = 64;

/** Spans around the tiles of one step: one for each batch of up to 64 tiles with the same host and tile size. */
export type TileBatches = {
  /** Returns a host whose tiles are counted in spans below the active one. */
  trace(host: InferenceHost, tilePx: number): InferenceHost;
  /** Ends the open span. */
  end(): void;
};

type Batch = { readonly span: OpenSpan; readonly tilePx: number; begun: number; ended: number };

/**
 * Creates the spans of a step's tiles. A span begins with the first tile of its batch and ends with the last one, or with `end`. A failed
 * tile is an event, not a failure of the span, because the step may recover. `openBatch` opens the spans; tests give another one.
 */
export function createTileBatches(openBatch: typeof openSpan = openSpan): TileBatches {
  let open: Batch | undefined;

  function end(): void {
    if (!open) return;
    open.span.set({ "pixelmesh.tiles": open.ended });
    open.span.end();
    open = undefined;
  }

  function begin(model: AvailableModel, tilePx: number): Batch {
    if (open && open.tilePx !== tilePx) end();
    if (!open) {
      const attributes = { "pixelmesh.model.name": model.name, "pixelmesh.tile_px": tilePx };
      open = { span: openBatch("run tiles", { attributes }), tilePx, begun: 0, ended: 0 };
    }
    const batch = open;
    batch.begun++;
    // A full batch waits for its last tiles, which the next batch overtakes.
    if (batch.begun === maxTiles) open = undefined;
    return batch;
  }

  function finish(batch: Batch): void {
    batch.ended++;
    if (batch.ended < maxTiles) return;
    batch.span.set({ "pixelmesh.tiles": batch.ended });
    batch.span.end();
  }

  return {
    trace(host, tilePx) {
      const runTile: InferenceHost["runTile"] = async (model, tile, options) => {
        const batch = begin(model, tilePx);
        try {
          return await host.runTile(model, tile, options);
        } catch (error) {
          batch.span.event("tile failed", { "error.type": toAppError(error).reason });
          throw error;
        } finally {
          finish(batch);
        }
      };
      // The other members, some of which are computed at each reading, stay those of the host. Its methods read private fields, so they run on it.
      return new Proxy(host, {
        get(target, key) {
          if (key === "runTile") return runTile;
          const member: unknown = Reflect.get(target, key, target);
          return typeof member === "function" ? member.bind(target) : member;
        },
      });
    },
    end,
  };
}
