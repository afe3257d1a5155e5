import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { descriptorSetUrl } from "@pixelmesh/proto";
import type { Server } from "nice-grpc";
import { createStreamLimit } from "../limits/stream-limit.ts";

type Library = typeof import("nice-grpc-server-reflection");

const maxStreams = 100;

/**
 * Adds the reflection service. It lists `serviceNames` and describes every message of our contracts, of health, and of google.rpc's
 * errors, so that generic clients can show the reasons of failures. The library and the contracts are read at the first request: most
 * processes get none, and both take a tenth of a service's start.
 */
export function addReflection(server: Pick<Server, "add">, serviceNames: readonly string[]): void {
  const open = once(() => loadLibrary().ServerReflection(readFileSync(descriptorSetUrl), [...serviceNames]));
  const streams = createStreamLimit(maxStreams, "reflection streams");
  server.add(lazyDefinition, {
    serverReflectionInfo: (requests, context) => streams.run(() => open().serverReflectionInfo(requests, context)),
  });
}

const loadLibrary = once((): Library => createRequire(import.meta.url)("nice-grpc-server-reflection"));
const method = () => loadLibrary().ServerReflectionService.serverReflectionInfo;

/** The definition of grpc.reflection.v1.ServerReflection, which loads the library to read the first message. */
const lazyDefinition: Library["ServerReflectionService"] = {
  serverReflectionInfo: {
    path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    requestStream: true,
    responseStream: true,
    requestSerialize: (message) => method().requestSerialize(message),
    requestDeserialize: (bytes) => method().requestDeserialize(bytes),
    responseSerialize: (message) => method().responseSerialize(message),
    responseDeserialize: (bytes) => method().responseDeserialize(bytes),
  },
};

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
