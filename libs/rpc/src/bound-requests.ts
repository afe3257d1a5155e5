import type { CompatServiceDefinition } from "nice-grpc";

/** Most bytes of a request besides its picture: of a header, a pipeline, a list. */
export const maxStructureBytes = 256 * 1024;

type Codec = {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  fromPartial(message: object): object;
};
type Definition = { readonly methods: Readonly<Record<string, { readonly requestType: Codec }>> };

const oversized = new WeakSet<object>();

/** Whether a request had more structure than is decoded; it has no fields then. */
export function isOversized(request: unknown): boolean {
  return typeof request === "object" && request !== null && oversized.has(request);
}

/**
 * The same service, except that requests with more than 256 KiB besides the bytes of a picture are not decoded: a list of empty
 * messages takes a hundred times its bytes once it is. `isOversized` tells them. Definitions of other generators stay as they are.
 */
export function boundRequests<Service extends CompatServiceDefinition>(definition: Service): Service {
  if (!("methods" in definition)) return definition;
  const { methods } = definition as unknown as Definition;
  const bounded = Object.fromEntries(
    Object.entries(methods).map(([key, method]) => [key, { ...method, requestType: boundCodec(method.requestType) }]),
  );
  return { ...definition, methods: bounded } as unknown as Service;
}

function boundCodec(codec: Codec): Codec {
  const picture = findPictureField(codec);
  return {
    ...codec,
    decode(bytes) {
      if (bytes.length <= maxStructureBytes || countStructure(bytes, picture) <= maxStructureBytes)
        return codec.decode(bytes);
      const request = codec.decode(new Uint8Array(0));
      oversized.add(request);
      return request;
    },
  };
}

/** The number of the field that carries a picture's bytes, as its own encoder writes it; 0 where there is none. */
function findPictureField({ encode, fromPartial }: Codec): number {
  const value = Uint8Array.of(1);
  for (const message of [{ part: { $case: "chunk", value } }, { chunk: value }, { picture: value }]) {
    const tag = encode(fromPartial(message)).finish()[0];
    if (tag !== undefined) return tag >>> 3;
  }
  return 0;
}

/** Bytes of a message outside its field `picture`; all that follow where it is malformed. */
function countStructure(bytes: Uint8Array, picture: number): number {
  let structure = 0;
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let shift = 1; at < bytes.length && shift < 2 ** 49; shift *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const startAt = at;
    const tag = readVarint();
    const wireType = tag % 8;
    if (wireType === 0) readVarint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = readVarint();
      at += length;
      if (Math.floor(tag / 8) === picture) continue;
    } else at = Number.NaN;
    // Not a message: its decoder says so, if it is small enough to be tried.
    if (Number.isNaN(at)) return structure + bytes.length - startAt;
    structure += at - startAt;
  }
  return structure;
}
