import { expect, test } from "vitest";
import { blur, cutOut, effects, fromStep, fromUpload, pipeline, plan, step } from "../../test/fixtures.ts";
import { createRecord } from "./job-record.ts";
import { reduceJob } from "./reduce.ts";

test("a record has the labels and each operation of its job once, until the job has ended", () => {
  const asked = pipeline(
    [
      step("cut", cutOut()),
      step("bg", blur(4), fromStep("cut"), fromUpload("source")),
      step("first", effects("grey")),
      step("second", effects("grey"), fromStep("first")),
    ],
    [
      { name: "bg", step: "bg" },
      { name: "second", step: "second" },
    ],
  );
  const spec = plan(asked, { labels: ["b", "a", "b"] });
  expect(spec.labels).toEqual(["b", "a"]);
  const record = createRecord(spec);
  const indexed = {
    labels: ["b", "a"],
    operations: ["apply_effects", "remove_background", "replace_background"],
  };
  expect(record).toMatchObject(indexed);
  expect(reduceJob(spec, record, { $case: "cancel" }, 1)).toMatchObject(indexed);
});
