import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type OnnxGraph, toOnnxBytes } from "../host/onnx-writer.ts";
import { NotOnnxError, type OnnxFile, readOnnxFile } from "./onnx-file.ts";

const dir = mkdtempSync(join(tmpdir(), "onnx-"));
const path = join(dir, "m.onnx");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function read(bytes: Uint8Array): OnnxFile | NotOnnxError {
  writeFileSync(path, bytes);
  try {
    return readOnnxFile(path);
  } catch (error) {
    if (error instanceof NotOnnxError) return error;
    throw error;
  }
}

const weights = { name: "w", dims: [64], data: new Float32Array(64) };
const good = toOnnxBytes({
  inputs: [
    { name: "x", shape: [1, 3, "h", "w"] },
    { name: "w", shape: [64] },
  ],
  outputs: [
    { name: "y", shape: null },
    { name: "z", shape: [1, 1, 8, 9], elementType: 10 },
  ],
  constants: [weights, { name: "v", dims: [4], data: { location: "v.bin" } }],
  nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }],
});

describe("an ONNX file", () => {
  test("is read for its inputs, its outputs and the locations of external data", () => {
    expect(read(good)).toEqual({
      // `w` is a constant that old exporters list among the inputs.
      inputs: [{ name: "x", type: "float32", shape: [1, 3, "h", "w"] }],
      outputs: [
        { name: "y", type: "float32", shape: null },
        { name: "z", type: "float16", shape: [1, 1, 8, 9] },
      ],
      externalLocations: ["v.bin"],
    });
  });

  test("or any other bytes are read or refused, without any other error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(read(bytes)).toBeDefined();
      }),
      { numRuns: 300 },
    );
    const damage = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 6 }), fc.nat(good.length), (damages, length) => {
        const bytes = Uint8Array.from(good.subarray(0, length));
        for (const [at, value] of damages) if (at < length) bytes[at] = value;
        expect(read(bytes)).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });

  test("of nested or empty fields only is refused in bounded time", () => {
    const nest = (depth: number): OnnxGraph => ({
      inputs: [{ name: "x", shape: [1, 3, "h", "w"] }],
      outputs: [{ name: "y", shape: null }],
      constants: [],
      nodes: depth === 0 ? [] : [{ operator: "If", inputs: [], outputs: [], attributes: { body: nest(depth - 1) } }],
    });
    expect(read(toOnnxBytes(nest(10)))).toMatchObject({ inputs: [{ name: "x" }] });
    expect(read(toOnnxBytes(nest(200)))).toBeInstanceOf(NotOnnxError);
    const empty = new Uint8Array(16 * 2 ** 20).map((_, i) => (i % 2 === 0 ? (2 << 3) | 2 : 0));
    const began = performance.now();
    expect(read(empty)).toBeInstanceOf(NotOnnxError);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
