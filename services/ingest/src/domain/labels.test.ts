import { expect, test } from "vitest";
import { assertCallerLabels, batchLabel, callerLabels, isOfBatch } from "./labels.ts";

test.each([[[]], [["a"]], [["shop:spring/2026", "a.b_c-d", "9".repeat(63)]], [["batch", "batches:1", "my-batch:1"]]])(
  "%j are labels that a caller may give",
  (labels) => {
    expect(() => assertCallerLabels(labels)).not.toThrow();
  },
);

test.each([
  [["ok", ""], "got ``"],
  [["a b"], "got `a b`"],
  [["a\n"], "to be labels of 1 to 63 letters, digits or . _ - / :"],
  [["x".repeat(64)], "to be labels of 1 to 63"],
  [["é"], "got `é`"],
  [["batch:b1a-1"], "got `batch:b1a-1`"],
  [Array.from({ length: 9 }, (_, at) => `l${at}`), "to be at most 8 labels, got `9 labels`"],
])("%j are refused with the label", (labels, text) => {
  const refusal = expect.objectContaining({ reason: "INVALID_ARGUMENT", message: expect.stringContaining(text) });
  expect(() => assertCallerLabels(labels, "header.labels")).toThrow(refusal);
});

test("the label of a batch is the mesh's own, and no caller's", () => {
  const labels = ["mine", batchLabel("b1a-0190-x")];
  expect(labels[1]).toBe("batch:b1a-0190-x");
  expect([isOfBatch(labels), isOfBatch(["mine"]), callerLabels(labels)]).toEqual([true, false, ["mine"]]);
});
