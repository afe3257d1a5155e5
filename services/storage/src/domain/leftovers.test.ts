import { expect, test } from "vitest";
import { isLeftover, tempName } from "./leftovers.ts";

const self = { hostname: "pod-a.local", pid: 7 };
const nobodyLives = () => false;

test("files of this machine's dead processes, and of an earlier process with this pid, are leftovers", () => {
  expect(isLeftover(tempName({ ...self, pid: 99 }, 3), 0, 1_000, self, nobodyLives)).toBe(true);
  expect(isLeftover(tempName(self, 3), 0, 1_000, self, () => true)).toBe(true);
});

test("files of living processes and of other machines are left alone until they are stale", () => {
  expect(isLeftover(tempName({ ...self, pid: 99 }, 3), 0, 1_000, self, () => true)).toBe(false);
  const foreign = tempName({ hostname: "pod-b.local", pid: 7 }, 3);
  expect(isLeftover(foreign, 1_000, 1_000, self, nobodyLives)).toBe(false);
  expect(isLeftover(foreign, 1_001, 1_000, self, nobodyLives)).toBe(true);
  expect(isLeftover("unknown", 10, 1_000, self, nobodyLives)).toBe(false);
});
