import { ErrorReason } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import {
  clientRetriesOf,
  describeReasons,
  isDeterministic,
  isRequeuedBeforeStart,
  isRetryable,
  reasonFromEnum,
  reasons,
  reasonTable,
  reasonToEnum,
} from "./index.ts";

test("every reason has a number of the contract, and the number gives the reason", () => {
  expect(reasons.length).toBe(Object.keys(ErrorReason).length - 2);
  for (const reason of reasons) expect(reasonFromEnum(reasonToEnum(reason))).toBe(reason);
});

test("an unknown number is INTERNAL", () => {
  expect(reasonFromEnum(9_999 as ErrorReason)).toBe("INTERNAL");
});

test("no reason is both deterministic and retryable", () => {
  for (const reason of reasons) expect(isRetryable(reason) && isDeterministic(reason)).toBe(false);
});

test("only retryable reasons are requeued or repeated by clients", () => {
  for (const reason of reasons) {
    if (isRequeuedBeforeStart(reason) || clientRetriesOf(reason) !== "never") expect(isRetryable(reason)).toBe(true);
  }
});

test("the sets of reasons are these", () => {
  const those = (filter: (reason: (typeof reasons)[number]) => boolean) => reasons.filter(filter).sort();
  const unavailable = ["BROKER_UNAVAILABLE", "SERVICE_UNAVAILABLE", "STOPPING", "STORAGE_UNAVAILABLE"];
  const lostSlot = ["GRANT_EXPIRED", "MEMORY_PRESSURE"];
  expect(those((reason) => clientRetriesOf(reason) === "always")).toEqual(unavailable);
  expect(those((reason) => clientRetriesOf(reason) === "after_retry_info")).toEqual([
    "PROVIDER_BUSY",
    "QUEUE_FULL",
    "RATE_LIMITED",
    "STORAGE_FULL",
    "TOO_MANY_BATCHES",
    "TOO_MANY_JOBS",
  ]);
  expect(those(isRequeuedBeforeStart)).toEqual([...unavailable, ...lostSlot, "QUEUE_FULL", "STORAGE_FULL"].sort());
  expect(those(isRetryable)).toEqual(
    [
      ...unavailable,
      ...lostSlot,
      "INTERNAL",
      "PROVIDER_BUSY",
      "PROVIDER_FAILED",
      "QUEUE_FULL",
      "RATE_LIMITED",
      "SOURCE_FETCH_FAILED",
      "STORAGE_FULL",
      "TOO_MANY_BATCHES",
      "TOO_MANY_JOBS",
    ].sort(),
  );
  expect(those(isDeterministic)).toEqual(
    [
      "INVALID_ARGUMENT",
      "LOW_CONFIDENCE",
      "OUTPUT_TOO_LARGE",
      ...reasons.filter((reason) => reason.startsWith("IMAGE_")),
    ].sort(),
  );
});

test("the Markdown table has a row for each reason, with its status and its help", () => {
  const lines = describeReasons().split("\n");
  expect(lines).toHaveLength(reasons.length + 3);
  for (const reason of reasons) {
    const row = lines.find((line) => line.startsWith(`| \`${reason}\` |`));
    expect(row).toContain(`\`${reasonTable[reason].status}\``);
    expect(row).toContain(reasonTable[reason].help);
    expect(reasonTable[reason].help).toMatch(/^[A-Z].*\. ?.*\.$/);
  }
});
