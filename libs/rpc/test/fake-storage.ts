import { StorageServiceDefinition, type StorageServiceImplementation } from "@pixelmesh/proto";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { onTestFinished } from "vitest";
import { createHealth, type RpcServerOptions, startRpcServer } from "../src/index.ts";

/** Starts a real server with a fake storage service until the test ends. Methods that a test does not give throw. */
export async function startFakeStorage(
  methods: Partial<StorageServiceImplementation>,
  options: Partial<RpcServerOptions> = {},
) {
  const health = createHealth();
  const metrics = createMetrics("test", "0");
  const unused = async () => {
    throw new Error("not used in this test");
  };
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    health,
    metrics,
    serviceNames: [],
    log: createLogger({ service: "test", level: "silent" }),
    ...options,
    register(it) {
      const others = {
        statBlob: unused,
        putBlob: unused,
        deleteBlob: unused,
        getStats: unused,
        async *checkStore() {},
        reserveSpace: unused,
        putSmallBlob: unused,
        getSmallBlob: unused,
        releaseBlobs: unused,
        promoteBlobs: unused,
      };
      it.add(StorageServiceDefinition, { ...others, async *getBlob() {}, ...methods });
      options.register?.(it);
    },
  });
  health.setStarted();
  onTestFinished(async () => {
    await server.stop(100);
    health.close();
  });
  return { server, health, metrics };
}
