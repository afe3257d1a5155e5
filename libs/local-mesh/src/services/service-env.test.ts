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
      storeMaxBytes: 3 * 2 ** 30,
      natsUrl: "nats://here",
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
