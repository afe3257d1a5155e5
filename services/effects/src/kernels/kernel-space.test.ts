import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { beforeAll, expect, test, vi } from "vitest";
import { openKernelSpace } from "./kernel-space.ts";

beforeAll(() => {
  vi.useFakeTimers();
});

test("memory is 0 at the start, also where earlier work has written", () => {
  for (let round = 0; round < 3; round++) {
    const space = openKernelSpace();
    const address = space.allocate(100_000);
    const bytes = space.bytes(address, 100_000);
    expect(bytes.every((value) => value === 0)).toBe(true);
    bytes.fill(round + 1);
    space.close();
  }
});

test("allocations do not overlap, start at multiples of 16 and keep their bytes while memory grows", () => {
  const space = openKernelSpace();
  const lengths = [1, 17, 70_000, 3, 5_000_000, 16];
  const addresses = lengths.map((length, i) => {
    const address = space.allocate(length);
    expect(address % 16).toBe(0);
    space.bytes(address, length).fill(i + 1);
    return address;
  });
  addresses.forEach((address, i) => {
    expect(space.bytes(address, lengths[i]!).every((value) => value === i + 1)).toBe(true);
  });
  space.close();
});

test("a table is copied once", () => {
  const space = openKernelSpace();
  const table = Float64Array.of(0.5, -3);
  const address = space.constant(table);
  expect(space.constant(table)).toBe(address);
  expect(space.constant(table.slice())).not.toBe(address);
  const bytes = space.bytes(address, 16).slice();
  expect([...new Float64Array(bytes.buffer)]).toEqual([0.5, -3]);
  space.close();
});

test("two spaces at once do not share memory", () => {
  const [one, other] = [openKernelSpace(), openKernelSpace()];
  one.bytes(one.allocate(16), 16).fill(7);
  const address = other.allocate(16);
  expect(other.bytes(address, 16).every((value) => value === 0)).toBe(true);
  one.close();
  other.close();
});

test("memory of ended work is used again within 10 s, and not afterwards", () => {
  const sizeOf = (space: ReturnType<typeof openKernelSpace>) => space.bytes(0, 1).buffer.byteLength;
  const reopen = () => {
    const space = openKernelSpace();
    const size = sizeOf(space);
    space.close();
    return size;
  };
  vi.advanceTimersByTime(10_000);
  const fresh = openKernelSpace();
  const freshBytes = sizeOf(fresh);
  fresh.allocate(5_000_000);
  const grownBytes = sizeOf(fresh);
  expect(grownBytes).toBeGreaterThan(freshBytes);
  fresh.close();
  vi.advanceTimersByTime(9_000);
  expect(reopen()).toBe(grownBytes);
  vi.advanceTimersByTime(9_000);
  expect(reopen()).toBe(grownBytes);
  vi.advanceTimersByTime(10_000);
  expect(reopen()).toBe(freshBytes);
});

test("more memory than there can be is OUT_OF_MEMORY", () => {
  const space = openKernelSpace();
  expect(() => space.allocate(2 ** 33)).toThrow(AppError);
  expect(() => space.allocate(2 ** 33)).toThrow(expect.objectContaining({ reason: "OUT_OF_MEMORY" }));
  space.close();
});

test.each(globSync("*.wasm", { cwd: import.meta.dirname }))(
  "%s shares its memory: it has neither globals nor data",
  (file) => {
    const bytes = readFileSync(join(import.meta.dirname, file));
    // https://webassembly.github.io/spec/core/binary/modules.html: after the header, sections of an id, a LEB128 length and their contents.
    const ids: number[] = [];
    for (let at = 8; at < bytes.length; ) {
      ids.push(bytes[at++] as number);
      let length = 0;
      let shift = 0;
      let byte: number;
      do {
        byte = bytes[at++] as number;
        length |= (byte & 127) << shift;
        shift += 7;
      } while (byte > 127);
      at += length;
    }
    const [globals, code, data] = [6, 10, 11];
    expect(ids).toContain(code);
    expect(ids).not.toContain(globals);
    expect(ids).not.toContain(data);
  },
);
