import { expect, test } from "vitest";
import { drainOrder, modelRoles, roleNames, roles, workerRoles } from "./roles.ts";

test("all gRPC, health and metrics ports differ", () => {
  const ports = roleNames.flatMap((name) => [0, 100, 200].map((offset) => roles[name].port + offset));

  expect(new Set(ports).size).toBe(3 * roleNames.length);
});

test("a role stops before the roles that it calls", () => {
  for (const name of roleNames)
    for (const called of roles[name].calls)
      if (called !== name)
        expect([name, called, roles[name].stopRank < roles[called].stopRank]).toEqual([name, called, true]);
});

test("a drain stops every role once", () => {
  expect(drainOrder.flat().sort()).toEqual([...roleNames].sort());
});

test("roles that run models take steps", () => {
  expect(modelRoles.every((name) => workerRoles.some((worker) => worker === name))).toBe(true);
});
