import fc from "fast-check";
import { expect, test } from "vitest";
import { createRetryBudget } from "./retry-budget.ts";

test("extra calls are at most 20 % of the first calls and 10 more, in every order", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 500, size: "max" }), (events) => {
      const budget = createRetryBudget();
      let first = 0;
      let extra = 0;
      for (const isFirst of events) {
        if (isFirst) {
          first += 1;
          budget.earn();
        } else if (budget.take()) extra += 1;
        expect(extra).toBeLessThanOrEqual(10 + first / 5);
      }
    }),
  );
});

test("every fifth first call earns exactly one extra call once the saved ones are spent", () => {
  const budget = createRetryBudget();
  for (let n = 0; n < 10; n += 1) expect(budget.take()).toBe(true);
  for (let round = 0; round < 50; round += 1) {
    for (let n = 0; n < 4; n += 1) budget.earn();
    expect(budget.take()).toBe(false);
    budget.earn();
    expect(budget.take()).toBe(true);
  }
});
