import { expect, test } from "vitest";
import { isLeftover, tempName } from "./leftovers.ts";

const self = { hostname: "pod-a.local", pid: 7 };
const allDead = () => false;

test("files of dead processes of this machine, and of an earlier process with this pid, are leftovers", () => {
  expect(isLeftover(tempName({ ...self, pid: 99 }, 3), 0, 1_000, self, allDead)).toBe(true);
  expect(isLeftover(tempName(self, 3), 0, 1_000, self, () => true)).toBe(true);
});

test("files of living processes and of other machines are kept until they are stale", () => {
  expect(isLeftover(tempName({ ...self, pid: 99 }, 3), 0, 1_000, self, () => true)).toBe(false);
  const foreign = tempName({ hostname: "pod-b.local", pid: 7 }, 3);
  expect(isLeftover(foreign, 1_000, 1_000, self, allDead)).toBe(false);
  expect(isLeftover(foreign, 1_001, 1_000, self, allDead)).toBe(true);
  expect(isLeftover("unknown", 10, 1_000, self, allDead)).toBe(false);
});
