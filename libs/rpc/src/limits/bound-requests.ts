import type { CompatServiceDefinition } from "nice-grpc";

/** Largest size of a request without its picture: header, pipeline, lists. */
export const maxStructureBytes = 256 * 1024;

type Codec = {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  fromPartial(message: object): object;
};
type Definition = { readonly methods: Readonly<Record<string, { readonly requestType: Codec }>> };

/** What an entry of the lists of a batch counts, instead of its bytes: a batch names 10,000 pictures, with a name for each. */
const listEntryBytes = 8;

const oversized = new WeakSet<object>();

/** Whether a request was too large to be decoded. Its fields are empty then. */
export function isOversized(request: unknown): boolean {
  return typeof request === "object" && request !== null && oversized.has(request);
}

/**
 * Returns the service with decoders that leave out requests of more than 256 KiB besides the bytes of a picture: a decoded list of
 * empty messages takes a hundred times its bytes. `isOversized` detects such requests. Definitions of other generators are unchanged.
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
  const lists = findListFields(codec);
  return {
    ...codec,
    decode(bytes) {
      if (bytes.length <= maxStructureBytes || countStructure(bytes, picture, lists) <= maxStructureBytes)
        return codec.decode(bytes);
      const request = codec.decode(new Uint8Array(0));
      oversized.add(request);
      return request;
    },
  };
}

/** Finds the number of the field that holds a picture's bytes, by means of the encoder; 0 without one. */
function findPictureField({ encode, fromPartial }: Codec): number {
  const value = Uint8Array.of(1);
  for (const message of [{ part: { $case: "chunk", value } }, { chunk: value }, { picture: value }]) {
    const tag = encode(fromPartial(message)).finish()[0];
    if (tag !== undefined) return tag >>> 3;
  }
  return 0;
}

/** Finds the numbers of the fields that list the sources of a batch and their names: plain values, which take little more than their bytes. */
function findListFields({ encode, fromPartial }: Codec): ReadonlySet<number> {
  const tags = [{ sources: [{ sha256: "0" }] }, { names: ["a"] }].map(
    (message) => encode(fromPartial(message)).finish()[0],
  );
  return new Set(tags.flatMap((tag) => (tag === undefined ? [] : [tag >>> 3])));
}

/**
 * Counts the bytes of a message outside its field `picture`. An entry of one of `lists` counts a few bytes, also if it is long. From a malformed
 * field on, all bytes count.
 */
function countStructure(bytes: Uint8Array, picture: number, lists: ReadonlySet<number>): number {
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
      const field = Math.floor(tag / 8);
      if (field === picture) continue;
      if (lists.has(field) && at <= bytes.length) {
        structure += listEntryBytes;
        continue;
      }
    } else at = Number.NaN;
    // Malformed: the decoder reports it, if the message is small enough to be decoded.
    if (Number.isNaN(at)) return structure + bytes.length - startAt;
    structure += at - startAt;
  }
  return structure;
}
