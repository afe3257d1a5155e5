import { expect, test } from "vitest";
import { fixedPorts, portsFrom } from "./mesh-ports.ts";

test("fixed ports are the documented ports, or those of the variables", () => {
  expect(fixedPorts({}).ingest).toEqual({ grpc: 7400, health: 7500, metrics: 7600 });
  expect(fixedPorts({}).effects).toEqual({ grpc: 7405, health: 7505, metrics: 7605 });
  expect(fixedPorts({ PIXELMESH_STORAGE_GRPC_PORT: "9000" }).storage).toEqual({
    grpc: 9000,
    health: 7502,
    metrics: 7602,
  });
  expect(() => fixedPorts({ PIXELMESH_STORAGE_GRPC_PORT: "x" })).toThrow("Expected `PIXELMESH_STORAGE_GRPC_PORT`");
});

test("ports from a base have the documented distances", () => {
  expect(portsFrom(7400)).toEqual(fixedPorts({}));
  expect(portsFrom(9000).effects).toEqual({ grpc: 9005, health: 9105, metrics: 9205 });
});
