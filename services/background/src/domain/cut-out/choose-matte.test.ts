import { AppError } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { chooseMatte, type Judged, type Trial } from "./choose-matte.ts";

/** A trial with this confidence; undefined: it finds no object; an error: it fails so. Counts its runs. */
function createTrials(...outcomes: (number | undefined | Error)[]) {
  const ran: string[] = [];
  const trials = outcomes.map((outcome, at): Trial<Judged & { readonly from: string }> => {
    const model = "abcdef"[at] as string;
    return {
      model,
      async prepare() {
        ran.push(model);
        if (outcome instanceof Error) throw outcome;
        const finding = outcome === undefined ? "nothing" : "object";
        return { from: model, finding, confidence: outcome ?? 0 };
      },
    };
  });
  return { ran, trials: trials as unknown as Parameters<typeof chooseMatte>[0] };
}
const noMemory = new AppError("OUT_OF_MEMORY", "No memory to run the model");
const reasonToSkip = (error: unknown) => (error === noMemory ? noMemory.message : undefined);
const retry = (least: number) => ({ rule: { least, retries: true }, reasonToSkip });

async function choose(outcomes: readonly (number | undefined | Error)[], rules: Parameters<typeof chooseMatte>[1]) {
  const { trials, ran } = createTrials(...outcomes);
  const { model, prepared, notices, skipped } = await chooseMatte(trials, rules);
  expect((prepared as unknown as { from: string }).from).toBe(model);
  return { model, ran: ran.join(""), kinds: notices.map(({ kind }) => kind), notices, skipped };
}

test("without a bound only the first model runs", async () => {
  expect(await choose([0, 1], { rule: undefined, reasonToSkip })).toMatchObject({ model: "a", ran: "a", kinds: [] });
});

test.each([
  ["the first is enough", [0.5, 0.9], { model: "a", ran: "a", kinds: [] }],
  ["the second is", [0.4, 0.9, 1], { model: "b", ran: "ab", kinds: ["larger_model"] }],
  ["the third is", [0.4, 0.3, 0.6], { model: "c", ran: "abc", kinds: ["larger_model", "larger_model"] }],
  ["none is", [0.3, 0.4, 0.1], { model: "b", ran: "abc", kinds: ["larger_model", "larger_model", "low_confidence"] }],
  ["none is larger", [0.3], { model: "a", ran: "a", kinds: ["low_confidence"] }],
  ["two are equal", [0.3, 0.3], { model: "a", ran: "ab", kinds: ["larger_model", "low_confidence"] }],
  ["the first finds nothing", [undefined, 0.9], { model: "a", ran: "a", kinds: [] }],
  [
    "a larger one finds nothing",
    [0.1, undefined],
    { model: "a", ran: "ab", kinds: ["larger_model", "low_confidence"] },
  ],
] as const)("with a bound of 0.5, %s", async (_, outcomes, wanted) => {
  expect(await choose(outcomes, retry(0.5))).toMatchObject({ ...wanted, skipped: [] });
});

test("a larger model that cannot be used is left out, with a notice", async () => {
  const { notices, ...chosen } = await choose([0.2, noMemory, 0.8], retry(0.5));
  expect(chosen).toMatchObject({
    model: "c",
    ran: "abc",
    kinds: ["larger_model_skipped", "larger_model"],
    skipped: ["b"],
  });
  expect(notices[0]?.text).toBe("The larger model b could not be tried: No memory to run the model");
});

test("other failures, and those of the first model, end the work", async () => {
  const broken = new Error("broken");
  await expect(choose([0.2, broken, 0.8], retry(0.5))).rejects.toBe(broken);
  await expect(choose([noMemory, 0.8], retry(0.5))).rejects.toBe(noMemory);
});

test("notices name the models and both numbers, rounded down", async () => {
  const { notices } = await choose([0.4996, 0.25], retry(0.5));
  expect(notices.map(({ text }) => text)).toEqual([
    "The cut-out by a has a confidence of 0.499, below min_confidence 0.5, so b was tried: it has 0.25",
    "The confidence of 0.499 is below min_confidence 0.5; this is the most confident cut-out of: a 0.499, b 0.25",
  ]);
});

test("a step that does not retry fails with model, confidence, bound, and what to do", async () => {
  const fail = { rule: { least: 0.7, retries: false }, reasonToSkip };
  await expect(choose([0.42, 0.9], fail)).rejects.toMatchObject({
    reason: "LOW_CONFIDENCE",
    message:
      "Expected a cut-out with a confidence of at least `0.7` (min_confidence), got `0.42` from a; name a larger `model`, lower `min_confidence`, or set `on_low_confidence` to RETRY",
    metadata: { model: "a", confidence: "0.42", min_confidence: "0.7" },
  });
  expect(await choose([0.7], fail)).toMatchObject({ model: "a", kinds: [] });
  expect(await choose([undefined], fail)).toMatchObject({ model: "a", kinds: [] });
});
