import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePageSize, takePage } from "./page.ts";

test("walking the pages shows every id once, newest first, whatever came or went meanwhile", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{4}$/), { maxLength: 40 }),
      fc.integer({ min: 1, max: 10 }),
      fc.stringMatching(/^[0-9a-f]{4}$/),
      (ids, size, newcomer) => {
        const shown: string[] = [];
        let token = "";
        let all = ids;
        do {
          const { page, nextPageToken } = takePage(all, size, token);
          shown.push(...page);
          token = nextPageToken;
          // A job that is created between two pages must not make another appear twice.
          all = [...new Set([...ids, `z${newcomer}`])];
        } while (token !== "");
        expect(shown).toEqual([...ids].sort().reverse());
      },
    ),
  );
});

test("a page size outside 1 to 200 is refused, 0 is the default", () => {
  expect([parsePageSize(0), parsePageSize(200)]).toEqual([50, 200]);
  for (const size of [-1, 201])
    expect(() => parsePageSize(size)).toThrow("Expected `page_size` to be an integer from 1 to 200");
});
