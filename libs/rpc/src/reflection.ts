import { readFileSync } from "node:fs";
import { descriptorSetUrl } from "@pixelmesh/proto";
import type { Server } from "nice-grpc";
import { ServerReflection, ServerReflectionService } from "nice-grpc-server-reflection";
import { createOpenLimit } from "./open-limit.ts";

const maxStreams = 100;

/**
 * Serves reflection: it lists `serviceNames`, and knows every message of our contracts, of health, and of google.rpc's errors, so
 * that generic clients show the reasons of failures.
 */
export function addReflection(server: Pick<Server, "add">, serviceNames: readonly string[]): void {
  const { serverReflectionInfo } = ServerReflection(readFileSync(descriptorSetUrl), [...serviceNames]);
  const streams = createOpenLimit(maxStreams, "reflection streams");
  server.add(ServerReflectionService, {
    serverReflectionInfo: (requests, context) => streams.run(() => serverReflectionInfo(requests, context)),
  });
}
