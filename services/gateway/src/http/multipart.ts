import type { Readable } from "node:stream";
import { Busboy } from "@fastify/busboy";
import { AppError, expected } from "@pixelmesh/errors";
import type { FastifyRequest } from "fastify";

/** One part of a form, in the order in which it arrives. The chunks of a file must be read before the next part is asked for. */
export type Part =
  | { readonly kind: "field"; readonly name: string; readonly value: string }
  | { readonly kind: "file"; readonly name: string; readonly chunks: AsyncIterable<Uint8Array> };

type Parser = InstanceType<typeof Busboy>;

const limits = { fieldNameSize: 64, fieldSize: 256 * 1024, fields: 128, files: 16, parts: 144, headerPairs: 32 };

/**
 * Reads a `multipart/form-data` body (RFC 7578) part by part. Nothing is kept but the part that is being read. Throws INVALID_ARGUMENT for a malformed
 * form or one above its limits, and what reading the body throws.
 */
export async function* readParts(
  request: FastifyRequest,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Part, void, undefined> {
  const type = request.headers["content-type"] ?? "";
  const queue: Part[] = [];
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let wake = () => {};
  const fail = (error: unknown) => {
    failure ??= { error };
    wake();
  };
  const push = (part: Part) => {
    queue.push(part);
    wake();
  };
  const malformed = (error: unknown) =>
    fail(new AppError("INVALID_ARGUMENT", `Expected a form as multipart/form-data: ${(error as Error).message}`));
  const parser = openParser(type);
  parser.on("field", (name, value, nameCut, valueCut) => {
    if (nameCut || valueCut) fail(expected(name, `a field of at most ${limits.fieldSize} bytes`, "more"));
    else push({ kind: "field", name, value });
  });
  const files = new Set<Readable>();
  parser.on("file", (name, stream) => {
    files.add(stream);
    stream.on("error", () => {});
    push({ kind: "file", name: name ?? "", chunks: stream });
  });
  for (const [event, what, most] of [
    ["fieldsLimit", "fields", limits.fields],
    ["filesLimit", "files", limits.files],
    ["partsLimit", "parts", limits.parts],
  ] as const)
    parser.on(event, () =>
      fail(new AppError("INVALID_ARGUMENT", `Expected a form of at most ${most} ${what}, got more`)),
    );
  parser.on("error", malformed);
  parser.on("finish", () => {
    ended = true;
    wake();
  });
  const feeding = feed(body, parser, () => failure !== undefined).catch((error: unknown) => {
    fail(error);
    for (const stream of files) stream.destroy(error as Error);
  });
  try {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      const part = queue.shift();
      if (part) yield part;
      else if (failure) throw failure.error;
      else if (ended) return;
      else await promise;
    }
  } finally {
    failure ??= { error: new AppError("CANCELLED", "The form is no longer read") };
    for (const stream of files) stream.destroy();
    parser.removeAllListeners();
    parser.on("error", () => {});
    parser.destroy();
    void feeding;
  }
}

function openParser(type: string): Parser {
  try {
    return new Busboy({ headers: { "content-type": type }, limits });
  } catch (error) {
    throw new AppError("INVALID_ARGUMENT", `Expected a form as multipart/form-data: ${(error as Error).message}`);
  }
}

/** Writes the body into the parser, no faster than its parts are read. */
async function feed(body: AsyncIterable<Uint8Array>, parser: Parser, isOver: () => boolean): Promise<void> {
  for await (const chunk of body) {
    if (isOver()) return;
    if (!parser.write(chunk)) {
      await new Promise<void>((resolve) => {
        parser.once("drain", resolve);
        parser.once("error", () => resolve());
        parser.once("close", () => resolve());
      });
    }
  }
  parser.end();
}
