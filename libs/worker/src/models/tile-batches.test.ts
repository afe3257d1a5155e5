import type { AvailableModel, InferenceHost, TileResult } from "@pixelmesh/inference";
import { noSpan, type OpenSpan, type SpanAttributes } from "@pixelmesh/telemetry";
import { expect, test } from "vitest";
import { createTileBatches } from "./tile-batches.ts";

const model = { name: "m" } as AvailableModel;
const tile = { widthPx: 1, heightPx: 1, channels: 1, data: new Uint8Array(1) } as const;
const result: TileResult = { ...tile, runMs: 1 };

/** A host that answers every tile, except the ones whose number is in `failing`. */
function createHost(failing: readonly number[] = []) {
  let tiles = 0;
  const host = {
    get provider() {
      return tiles === 0 ? "cpu" : "cuda";
    },
    async runTile() {
      if (failing.includes(++tiles)) throw new Error("no");
      return result;
    },
  };
  return host as unknown as InferenceHost;
}

test("a traced host returns what the host returns and keeps its other members", async () => {
  const host = createHost([2]);
  const traced = createTileBatches().trace(host, 512);
  expect(traced.provider).toBe("cpu");
  expect(await traced.runTile(model, tile)).toBe(result);
  expect(traced.provider).toBe("cuda");
  await expect(traced.runTile(model, tile)).rejects.toThrow("no");
});

/** As the hosts of libs/inference: its methods read a private field of the object that they are called on. */
class HostWithPrivateField {
  #served = 0;
  get provider() {
    return `after ${this.#served}`;
  }
  async runMatte() {
    return ++this.#served;
  }
  async runTile() {
    this.#served++;
    return result;
  }
}

test("methods and computed members of a traced host see the private fields of the host", async () => {
  const traced = createTileBatches().trace(new HostWithPrivateField() as unknown as InferenceHost, 512);
  expect(await (traced.runMatte as () => Promise<unknown>)()).toBe(1);
  await traced.runTile(model, tile);
  expect(traced.provider).toBe("after 2");
});

/** Opens spans that record what they are told. `ended` holds a line for each ended span. */
function recordSpans() {
  const ended: { attributes: SpanAttributes; events: string[] }[] = [];
  const open = (name: string, options: { readonly attributes?: SpanAttributes } = {}): OpenSpan => {
    expect(name).toBe("run tiles");
    const span = { attributes: { ...options.attributes }, events: [] as string[] };
    return {
      ...noSpan,
      set: (attributes) => Object.assign(span.attributes, attributes),
      event: (event, attributes) => span.events.push(`${event}: ${attributes?.["error.type"]}`),
      end: () => ended.push(span),
    };
  };
  return { open, ended };
}

test("a span covers up to 64 tiles, and the end of the step ends the last one", async () => {
  const { open, ended } = recordSpans();
  const batches = createTileBatches(open);
  const host = batches.trace(createHost(), 512);
  // Two tiles are in progress at a time, as in a tiled run.
  for (let at = 0; at < 75; at++) await Promise.all([host.runTile(model, tile), host.runTile(model, tile)]);
  expect(ended.length).toBe(2);
  batches.end();
  batches.end();
  const described = ended.map(({ attributes }) => attributes);
  const common = { "pixelmesh.model.name": "m", "pixelmesh.tile_px": 512 };
  expect(described).toEqual([64, 64, 22].map((tiles) => ({ ...common, "pixelmesh.tiles": tiles })));
});

test("another tile size begins another span, and a failed tile is an event of its span", async () => {
  const { open, ended } = recordSpans();
  const batches = createTileBatches(open);
  const host = createHost([2]);
  await batches.trace(host, 512).runTile(model, tile);
  await batches
    .trace(host, 512)
    .runTile(model, tile)
    .catch(() => {});
  await batches.trace(host, 256).runTile(model, tile);
  batches.end();
  expect(
    ended.map(({ attributes, events }) => [attributes["pixelmesh.tile_px"], attributes["pixelmesh.tiles"], events]),
  ).toEqual([
    [512, 2, ["tile failed: INTERNAL"]],
    [256, 1, []],
  ]);
});
