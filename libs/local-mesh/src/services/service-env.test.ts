import { hostname } from "node:os";
import { roleNames } from "@pixelmesh/roles";
import { expect, test } from "vitest";
import { fixedPorts } from "../ports/mesh-ports.ts";
import { toServiceEnv } from "./service-env.ts";

test("addresses and directories of the mesh override the caller's environment", () => {
  const env = toServiceEnv(
    {
      PATH: "/bin",
      PIXELMESH_NATS_URL: "nats://elsewhere",
      PIXELMESH_MODELS_DIR: "/b:/a",
      PIXELMESH_LOG_LEVEL: "debug",
    },
    {
      host: "127.0.0.1",
      ports: fixedPorts({}),
      names: roleNames,
      broker: { isPrivate: true, url: "nats://here", storeMaxBytes: 3 * 2 ** 30 },
      blobsDir: "/d/blobs",
      scratchDir: "/d/scratch",
      modelsDirs: ["/a", "/c"],
    },
  );
  expect(env).toMatchObject({
    PATH: "/bin",
    PIXELMESH_NATS_URL: "nats://here",
    PIXELMESH_MODELS_DIR: "/a:/c:/b",
    PIXELMESH_LOG_LEVEL: "debug",
    PIXELMESH_STORAGE_ADDRESS: "127.0.0.1:7402",
    PIXELMESH_EFFECTS_METRICS_PORT: "7605",
    PIXELMESH_STORAGE_DIR: "/d/blobs",
    PIXELMESH_INSTANCE: "0",
  });
});

test("with a broker of other machines, the environment names the services that run elsewhere", () => {
  const wiring = {
    host: "10.0.0.2",
    ports: fixedPorts({}),
    names: ["effects"] as const,
    broker: { isPrivate: false, url: "nats://10.0.0.1:4222" } as const,
    blobsDir: "/d/blobs",
    scratchDir: "/d/scratch",
    modelsDirs: [],
  };
  const base = { PIXELMESH_STORAGE_ADDRESS: "10.0.0.1:7402", PIXELMESH_EFFECTS_ADDRESS: "10.0.0.1:7405" };
  const env = toServiceEnv({ ...base, PIXELMESH_NATS_REPLICAS: "3" }, wiring);
  expect(env).toMatchObject({
    PIXELMESH_NATS_URL: "nats://10.0.0.1:4222",
    PIXELMESH_NATS_REPLICAS: "3",
    PIXELMESH_ADVERTISED_HOST: "10.0.0.2",
    PIXELMESH_INSTANCE: hostname(),
    PIXELMESH_STORAGE_ADDRESS: "10.0.0.1:7402",
    // It runs here.
    PIXELMESH_EFFECTS_ADDRESS: "10.0.0.2:7405",
  });
  // Bounds of streams are the same for every machine: those of the settings.
  expect(env).not.toHaveProperty("PIXELMESH_NATS_STORE_MAX");
  expect(toServiceEnv({ PIXELMESH_INSTANCE: "b" }, wiring).PIXELMESH_INSTANCE).toBe("b");
});
