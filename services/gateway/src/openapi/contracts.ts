import { readFileSync } from "node:fs";
import { createFileRegistry, type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { descriptorSetUrl } from "@pixelmesh/proto";

let registry: ReturnType<typeof createFileRegistry> | undefined;

/** Returns the description of a message of the contracts, such as `pixelmesh.jobs.v1.Job`. The contracts are read at the first call. */
export function messageOf(typeName: string): DescMessage {
  registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSetUrl)));
  const message = registry.getMessage(typeName);
  if (!message) throw new TypeError(`The contracts have no message ${typeName}`);
  return message;
}
