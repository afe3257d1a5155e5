import { createFrame, type FrameStore, memoryFrameStore } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createSharedPictures, type PictureUse } from "./shared-pictures.ts";

/** Frame stores that count how many are open. */
function countingStores() {
  const counts = { open: 0, ended: 0, closed: 0 };
  const openFrameStore = (): FrameStore => {
    counts.open += 1;
    const leave = (how: "ended" | "closed") => async () => {
      counts.open -= 1;
      counts[how] += 1;
    };
    return { ...memoryFrameStore, end: leave("ended"), close: leave("closed") };
  };
  return { counts, openFrameStore };
}

type Action = { readonly kind: "use" | "load" | "fail" | "begin" | "end" | "abort"; readonly at: number };
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.record({ kind: fc.constantFrom("use", "load", "fail", "begin", "end", "abort"), at: fc.nat(99) }),
  { maxLength: 60 },
);

test("however steps begin, fail and end, there are never more pictures than steps that pay for one, and none at the end", async () => {
  await fc.assert(
    fc.asyncProperty(actions, async (steps) => {
      const { counts, openFrameStore } = countingStores();
      const pictures = createSharedPictures(openFrameStore);
      const loads: { readonly settle: (hasFailed: boolean) => void; readonly signal: AbortSignal }[] = [];
      const uses: { readonly use: PictureUse; readonly ending: AbortController; readonly load: number }[] = [];
      const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)];

      const act: Readonly<Record<Action["kind"], (at: number) => Promise<void> | void>> = {
        use(at) {
          const ending = new AbortController();
          const load = (_: FrameStore, signal: AbortSignal) => {
            const { promise, resolve, reject } = Promise.withResolvers<void>();
            loads.push({ settle: (hasFailed) => (hasFailed ? reject(new Error("broken")) : resolve()), signal });
            return promise.then(() => ({ raster: createFrame(1, 1, 3), notices: [] }));
          };
          const before = loads.length;
          const use = pictures.use(`picture ${at % 3}`, load, ending.signal);
          uses.push({ use, ending, load: before });
        },
        load: (at) => pick(loads, at)?.settle(false),
        fail: (at) => pick(loads, at)?.settle(true),
        begin: (at) => pick(uses, at)?.use.begin(),
        abort: (at) => pick(uses, at)?.ending.abort(),
        async end(at) {
          const [ended] = uses.length === 0 ? [] : uses.splice(at % uses.length, 1);
          await ended?.use.end(at % 2 === 0);
          await ended?.use.end(true);
        },
      };
      for (const { kind, at } of steps) {
        await act[kind](at);
        expect(counts.open).toBeLessThanOrEqual(uses.length);
        expect(counts.open).toBeGreaterThanOrEqual(uses.length === 0 ? 0 : 1);
      }
      for (const { use } of uses) await use.end(true);
      expect(counts.open).toBe(0);
      expect(counts.ended + counts.closed).toBe(loads.length);
    }),
    { numRuns: 300 },
  );
});

test("the frame store is ended only if the picture was loaded and the work of all steps has ended well", async () => {
  const endings: readonly [readonly boolean[], "ended" | "closed"][] = [
    [[true], "ended"],
    [[true, true, true], "ended"],
    [[true, false], "closed"],
    [[false, true], "closed"],
  ];
  for (const [wells, how] of endings) {
    const { counts, openFrameStore } = countingStores();
    const pictures = createSharedPictures(openFrameStore);
    const load = async () => ({ raster: createFrame(1, 1, 3), notices: [] });
    const uses = wells.map(() => pictures.use("p", load, new AbortController().signal));
    await Promise.all(uses.map((use) => use.loaded));
    for (const [at, use] of uses.entries()) await use.end(wells[at] as boolean);
    expect(counts[how]).toBe(1);
  }
});
