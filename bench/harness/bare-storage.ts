/** A bare nice-grpc server that streams bytes from memory and drops those it gets. Prints its port. Started by `storage-streams`; its argument is the chunk size. */
import { StorageServiceDefinition, type StorageServiceImplementation } from "@pixelmesh/proto";
import { createServer } from "nice-grpc";

const chunkBytes = Number(process.argv[2]);
const wholeBytes = Number(process.argv[3]);
const content = Buffer.alloc(wholeBytes, 7);
const unused = async (): Promise<never> => {
  throw new Error("not used by the bench");
};

const implementation = {
  async putBlob(stream) {
    let sizeBytes = 0;
    for await (const { part } of stream) if (part?.$case === "chunk") sizeBytes += part.value.length;
    return { blob: { sha256: "", sizeBytes, mediaType: "" } };
  },
  async *getBlob() {
    yield { part: { $case: "header", value: { blob: undefined, offsetBytes: 0, lengthBytes: wholeBytes } } };
    for (let at = 0; at < wholeBytes; at += chunkBytes)
      yield { part: { $case: "chunk", value: content.subarray(at, at + chunkBytes) } };
  },
} as Partial<StorageServiceImplementation>;

const methods = Object.fromEntries(Object.keys(StorageServiceDefinition.methods).map((name) => [name, unused]));
const server = createServer({ "grpc.max_receive_message_length": 8 * 1024 * 1024 });
server.add(StorageServiceDefinition, { ...methods, ...implementation } as StorageServiceImplementation);
console.log(await server.listen("127.0.0.1:0"));
