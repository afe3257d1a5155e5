import { AppError } from "@pixelmesh/errors";
import { beforeAll, expect, test, vi } from "vitest";
import { openKernelSpace } from "./kernel-space.ts";

beforeAll(() => {
  vi.useFakeTimers();
});

const sizeOf = (space: ReturnType<typeof openKernelSpace>) => space.bytes(0, 1).buffer.byteLength;

test("allocations do not overlap, start at multiples of 16 and keep their bytes while memory grows", () => {
  const space = openKernelSpace();
  const lengths = [1, 17, 70_000, 3, 5_000_000, 16];
  const addresses = lengths.map((length, i) => {
    const address = space.allocate(length);
    expect(address % 16).toBe(0);
    space.write(address, new Uint8Array(length).fill(i + 1));
    return address;
  });
  addresses.forEach((address, i) => {
    expect(space.bytes(address, lengths[i]!).every((value) => value === i + 1)).toBe(true);
  });
  space.close();
});

test("a table has zeros behind it, also where earlier work has written", () => {
  for (let round = 0; round < 2; round++) {
    const space = openKernelSpace();
    const address = space.constant(Float32Array.of(0.5, -3));
    expect([...new Float32Array(space.bytes(address, 24).slice().buffer)]).toEqual([0.5, -3, 0, 0, 0, 0]);
    space.write(address, new Uint8Array(100).fill(9));
    space.close();
  }
});

test("addresses are written as 32 bits each", () => {
  const space = openKernelSpace();
  const address = space.allocate(8);
  space.writeAddresses(address, [65_552, 3_000_000_000]);
  expect([...new Uint32Array(space.bytes(address, 8).slice().buffer)]).toEqual([65_552, 3_000_000_000]);
  space.clear(address, 8);
  expect([...space.bytes(address, 8)]).toEqual(Array(8).fill(0));
  space.close();
});

test("two spaces at once do not share memory", () => {
  const [one, other] = [openKernelSpace(), openKernelSpace()];
  const [first, second] = [one.constant(new Uint8Array(16)), other.constant(new Uint8Array(16))];
  one.write(first, new Uint8Array(16).fill(7));
  expect(other.bytes(second, 16).every((value) => value === 0)).toBe(true);
  one.close();
  other.close();
});

test("memory of ended work is used again within 10 s, and not afterwards", () => {
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

test("memory above 8 MiB is not kept", () => {
  vi.advanceTimersByTime(10_000);
  const large = openKernelSpace();
  large.allocate(9 * 2 ** 20);
  large.close();
  const next = openKernelSpace();
  expect(sizeOf(next)).toBeLessThan(2 ** 20);
  next.close();
});

test("more memory than there can be is OUT_OF_MEMORY", () => {
  const space = openKernelSpace();
  expect(() => space.allocate(2 ** 33)).toThrow(AppError);
  expect(() => space.allocate(2 ** 33)).toThrow(expect.objectContaining({ reason: "OUT_OF_MEMORY" }));
  space.close();
});
