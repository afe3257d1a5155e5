import { readFileSync } from "node:fs";
import { descriptorSetUrl } from "@pixelmesh/proto";
import type { Server } from "nice-grpc";
import { ServerReflection, ServerReflectionService } from "nice-grpc-server-reflection";
import { createStreamLimit } from "../limits/stream-limit.ts";

const maxStreams = 100;

/**
 * Adds the reflection service. It lists `serviceNames` and describes every message of our contracts, of health, and of google.rpc's
 * errors, so that generic clients can show the reasons of failures.
 */
export function addReflection(server: Pick<Server, "add">, serviceNames: readonly string[]): void {
  const { serverReflectionInfo } = ServerReflection(readFileSync(descriptorSetUrl), [...serviceNames]);
  const streams = createStreamLimit(maxStreams, "reflection streams");
  server.add(ServerReflectionService, {
    serverReflectionInfo: (requests, context) => streams.run(() => serverReflectionInfo(requests, context)),
  });
}
