import { ConfigError } from "@pixelmesh/config";
import { expect, test } from "vitest";
import { toBudgetLimits } from "./remote-rule-fields.ts";

test("amounts are read as millionths; 0 and nothing are no limit", () => {
  const limits = toBudgetLimits({ remoteBudget: "5.00", remoteBudgets: ["acme=0.000001", "free=0"] });
  expect(limits.everyTenant).toBe(5_000_000);
  expect([...limits.byTenant]).toEqual([
    ["acme", 1],
    ["free", undefined],
  ]);
  expect(toBudgetLimits({ remoteBudget: "", remoteBudgets: [] }).everyTenant).toBeUndefined();
  expect(toBudgetLimits({ remoteBudget: "0", remoteBudgets: [] }).everyTenant).toBeUndefined();
});

test("every mistake is named", () => {
  try {
    toBudgetLimits({ remoteBudget: "five", remoteBudgets: ["acme", "a b=1", "x=1", "x=2"] });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    for (const words of ["PIXELMESH_REMOTE_BUDGET to be an amount", "got `five`", "`acme`", "`a b=1`", "`x=2`"])
      expect(message).toContain(words);
  }
});
