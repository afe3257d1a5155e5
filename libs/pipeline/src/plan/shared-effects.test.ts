import { type Effect, EffectDescription, type Input, type JobSpec, ParameterType, type Step } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  blur,
  catalogue,
  effects,
  fromStep,
  fromUpload,
  pipeline,
  plan,
  source,
  step,
  upscale,
} from "../../test/fixtures.ts";
import { createRecord } from "../job/job-record.ts";
import { toWorkItem } from "../job/ready-steps.ts";
import { stepKey } from "../operations/step-key.ts";

const sources = [source(), source(320, 200, "other")];

function planned(steps: readonly Step[]): JobSpec {
  const outputs = steps.map(({ id }) => ({ name: id, step: id }));
  return plan(pipeline([...steps], outputs), {}, { sources });
}
const countsOf = (spec: JobSpec) =>
  Object.fromEntries(spec.steps.map(({ step: each, sharedEffects }) => [each?.id, sharedEffects?.counts]));

const dither = (levels: number): Effect => ({
  name: "dither",
  parameters: { levels: { kind: { $case: "number", value: levels } } },
});
const grey: Effect = { name: "grey", parameters: {} };
const chain = (id: string, list: readonly Effect[], input: Input = fromUpload("source")): Step =>
  step(id, { $case: "applyEffects", value: { effects: [...list], defaultOrder: false } }, input);

test("each chain tells after how many effects its way parts from that of another", () => {
  const spec = planned([
    chain("a", [grey, dither(3), dither(4)]),
    chain("b", [grey, dither(3), dither(5)]),
    chain("c", [grey, dither(7)]),
    chain("whole", [grey, dither(3)]),
    chain("alone", [dither(3), grey]),
  ]);
  expect(countsOf(spec)).toEqual({ a: [1, 2], b: [1, 2], c: [1], whole: [1, 2], alone: undefined });
});

test("settings that are written out equal the defaults, and equal chains part after their last effect", () => {
  const spec = planned([chain("short", [grey, { name: "dither", parameters: {} }]), chain("long", [grey, dither(2)])]);
  expect(countsOf(spec)).toEqual({ short: [2], long: [2] });
});

test("chains on other pictures and steps of other operations share nothing", () => {
  const spec = planned([
    chain("a", [grey, dither(3)]),
    chain("b", [grey, dither(4)], fromUpload("other")),
    chain("c", [grey, dither(5)], fromStep("a")),
    step("up", upscale(2), fromUpload("source")),
    step("blurred", blur(3), fromStep("a"), fromUpload("source")),
  ]);
  expect(Object.values(countsOf(spec))).toEqual([undefined, undefined, undefined, undefined, undefined]);
});

test("shared effects travel with the work item and are no part of the result key", () => {
  const together = planned([chain("a", [grey, dither(3)]), chain("b", [grey, dither(4)])]);
  const alone = planned([chain("a", [grey, dither(3)])]);
  const times = { nowUnixMs: 0, keepUntilUnixMs: 0 };
  expect(toWorkItem(together, createRecord(together), 0, times).sharedEffects).toEqual({ counts: [1] });
  expect(toWorkItem(alone, createRecord(alone), 0, times).sharedEffects).toBeUndefined();
  const keyOf = ({ steps: [first] }: JobSpec) => first && stepKey(first, ["picture"]);
  expect(keyOf(together)).toBe(keyOf(alone));
});

/**
 * The same numbers by counting: a beginning is shared where the steps that have it go on in more than one way. Each step that ends there
 * counts as a way of its own.
 */
function countedBeginnings(
  chains: readonly { readonly input: string; readonly list: readonly number[] }[],
  at: number,
) {
  const { input, list } = chains[at] as (typeof chains)[number];
  const own = (count: number) => JSON.stringify([input, list.slice(0, count)]);
  return list
    .map((_, before) => before + 1)
    .filter((count) => {
      const ways = chains.flatMap((other, index) => {
        const isSame =
          other.list.length >= count && JSON.stringify([other.input, other.list.slice(0, count)]) === own(count);
        return isSame ? [other.list[count] ?? `end of ${index}`] : [];
      });
      return new Set(ways).size > 1;
    });
}

test("however chains are mixed, the numbers are those of a slow count", () => {
  const some = fc.record({
    input: fc.constantFrom("source", "other"),
    list: fc.array(fc.integer({ min: 2, max: 4 }), { minLength: 1, maxLength: 5 }),
  });
  fc.assert(
    fc.property(fc.array(some, { minLength: 1, maxLength: 8 }), (chains) => {
      const spec = planned(chains.map(({ input, list }, at) => chain(`s${at}`, list.map(dither), fromUpload(input))));
      const counts = countsOf(spec);
      for (const [at] of chains.entries()) expect(counts[`s${at}`] ?? []).toEqual(countedBeginnings(chains, at));
    }),
  );
});

test("a beginning that takes a further picture is shared with the same one in any place, not with another one", () => {
  const defaultValue = { kind: { $case: "input", value: 0 } } as const;
  const parameters = [{ name: "picture", type: ParameterType.INPUT, defaultValue }];
  const known = [...catalogue.effects, EffectDescription.fromPartial({ name: "mark", revision: 1, parameters })];
  const mark = (place: number): Effect => ({
    name: "mark",
    parameters: { picture: { kind: { $case: "input", value: place } } },
  });
  const marked = (id: string, list: readonly Effect[], ...further: readonly string[]): Step => ({
    ...chain(id, list),
    inputs: ["source", ...further].map(fromUpload),
  });
  const steps = [
    marked("first", [mark(1), dither(2)], "other"),
    marked("second", [mark(2), mark(1)], "third", "other"),
    marked("another", [mark(1), dither(4)], "third"),
    marked("grey", [grey, mark(1)], "other"),
    chain("plain", [grey, dither(5)]),
  ];
  const outputs = steps.map(({ id }) => ({ name: id, step: id }));
  const more = { sources: [...sources, source(9, 9, "third")], catalogue: { ...catalogue, effects: known } };
  expect(countsOf(plan(pipeline(steps, outputs), {}, more))).toEqual({
    first: [1],
    second: [1],
    another: undefined,
    grey: [1],
    plain: [1],
  });
});

test("names alone do not make effects equal", () => {
  const spec = planned([step("a", effects("dither")), chain("b", [dither(9)])]);
  expect(countsOf(spec)).toEqual({ a: undefined, b: undefined });
});
