import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { grpcStatusOf, reasons, reasonTable } from "@pixelmesh/errors";
import { descriptorSetUrl } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { root } from "./paths.ts";

type Config = {
  readonly methodConfig: readonly {
    readonly name: readonly { readonly service: string; readonly method: string }[];
    readonly retryPolicy: { readonly maxAttempts: number; readonly retryableStatusCodes: readonly string[] };
  }[];
};

const { methodConfig } = JSON.parse(readFileSync(`${root}clients/service-config.json`, "utf8")) as Config;
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSetUrl)));
const names = methodConfig.flatMap(({ name }) => name);

/** Returns the comment of a method in its contract, on one line. */
function commentOf(proto: string, method: string): string {
  const text = readFileSync(`${root}proto/${proto}.proto`, "utf8");
  const comment = new RegExp(`((?: *//[^\n]*\n)+) *rpc ${method}\\(`).exec(text)?.[1] ?? "";
  return comment.replaceAll(/\s*\/\/\s*/g, " ");
}

test("each method exists, takes one request, and its contract says that it is idempotent", () => {
  expect(names.length).toBeGreaterThan(10);
  for (const { service, method } of names) {
    const found = registry.getService(service)?.methods.find(({ name }) => name === method);
    // A stream of requests can only be sent again by the code that reads the picture.
    expect(found?.methodKind, `${service}/${method}`).toMatch(/^(unary|server_streaming)$/);
    const comment = commentOf(found?.parent.file.name ?? "", method);
    const isStated = /(^|[^t] )Idempotent/.test(comment) || / As (Scheduler|Effects)Service\./.test(comment);
    expect(isStated, `${service}/${method}: ${comment}`).toBe(true);
  }
});

test("each method is named once", () => {
  const keys = names.map(({ service, method }) => `${service}/${method}`);
  expect(new Set(keys).size).toBe(keys.length);
});

test("the only status that is retried is that of reasons which clients always retry", () => {
  const always = reasons.filter((reason) => reasonTable[reason].retry.clientRetries === "always");
  const statuses = new Set(always.map(grpcStatusOf));
  for (const { retryPolicy } of methodConfig) expect(new Set(retryPolicy.retryableStatusCodes)).toEqual(statuses);
  // gRPC allows 5 attempts at most (gRFC A6).
  for (const { retryPolicy } of methodConfig) expect(retryPolicy.maxAttempts).toBeLessThanOrEqual(5);
});
