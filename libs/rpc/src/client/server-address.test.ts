import { expect, test } from "vitest";
import { toServerAttributes } from "./server-address.ts";

test.each([
  ["127.0.0.1:7401", "127.0.0.1", 7401],
  ["storage:7402", "storage", 7402],
  ["dns:///storage.pixelmesh.svc:7402", "storage.pixelmesh.svc", 7402],
  ["dns://10.0.0.1/storage:7402", "storage", 7402],
  ["dns:storage:7402", "storage", 7402],
  ["[::1]:7400", "::1", 7400],
  ["ipv6:[::1]:7400", "::1", 7400],
  ["storage", "storage", undefined],
  ["unix:/run/pixelmesh.sock", "/run/pixelmesh.sock", undefined],
])("the address %s names the server %s and the port %s", (address, host, port) => {
  expect(toServerAttributes(address)).toEqual({
    "server.address": host,
    ...(port === undefined ? {} : { "server.port": port }),
  });
});
