import { AppError } from "@pixelmesh/errors";
import {
  DeadLetterServiceDefinition,
  type DeadLetterServiceImplementation,
  JobServiceDefinition,
  type JobServiceImplementation,
} from "@pixelmesh/proto";
import { createHealth, type RpcServerOptions, startRpcServer } from "@pixelmesh/rpc";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { onTestFinished } from "vitest";
import { type ConnectOptions, connectPixelmesh } from "../src/index.ts";

/** Starts a real gRPC server with fake services, and a client of it. `registerMore` adds further services. Methods that a test does not give throw. */
export async function startFakeMesh(
  methods: Partial<JobServiceImplementation>,
  { retryTimeoutMs = 20_000, ...options }: Omit<Partial<ConnectOptions>, "address"> = {},
  letters: Partial<DeadLetterServiceImplementation> = {},
  registerMore: RpcServerOptions["register"] = () => {},
) {
  const unused = async () => {
    throw new AppError("INTERNAL", "not used in this test");
  };
  const health = createHealth();
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger({ service: "test", level: "silent" }),
    metrics: createMetrics("test", "0"),
    health,
    serviceNames: [],
    register: (it) => {
      it.add(JobServiceDefinition, {
        createJob: unused,
        getJob: unused,
        listRemoteModels: unused,
        listFeatures: unused,
        estimateCost: unused,
        listJobs: unused,
        cancelJob: unused,
        cancelJobs: unused,
        retryJobs: unused,
        findPictures: unused,
        uploadPicture: unused,
        createBatch: unused,
        getBatch: unused,
        listBatches: unused,
        listBatchJobs: unused,
        cancelBatch: unused,
        retryBatch: unused,
        listCallbacks: unused,
        retryCallback: unused,
        warmResults: unused,
        getCluster: unused,
        listModels: unused,
        listEffects: unused,
        getStats: unused,
        async *watchJob() {},
        async *watchBatch() {},
        async *downloadOutput() {},
        ...methods,
      });
      it.add(DeadLetterServiceDefinition, {
        listDeadLetters: unused,
        getDeadLetter: unused,
        replayDeadLetter: unused,
        dropDeadLetter: unused,
        ...letters,
      });
      registerMore(it);
    },
  });
  const mesh = connectPixelmesh({ address: server.address, retryTimeoutMs, ...options });
  onTestFinished(async () => {
    mesh.close();
    health.close();
    await server.stop(100);
  });
  return mesh;
}
