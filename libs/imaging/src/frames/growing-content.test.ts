import { expect, test } from "vitest";
import { growContent } from "./growing-content.ts";

async function* partsOf(signals: readonly Promise<void>[], failure?: Error): AsyncGenerator<Uint8Array> {
  for (const [at, signal] of signals.entries()) {
    await signal;
    yield Uint8Array.of(at, at);
  }
  if (failure) throw failure;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("parts arrive as they are made, for every reader from the first one on", async () => {
  const steps = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const owned: number[] = [];
  const content = growContent(partsOf(steps.map(({ promise }) => promise)), ([first]) => owned.push(first as number));
  const early = content.parts()[Symbol.asyncIterator]();
  steps[0]?.resolve();
  expect((await early.next()).value).toEqual(Uint8Array.of(0, 0));
  let arrived = false;
  const second = early.next().then((result) => {
    arrived = true;
    return result;
  });
  await turn();
  expect(arrived).toBe(false);
  for (const { resolve } of steps) resolve();
  expect((await second).value).toEqual(Uint8Array.of(1, 1));
  expect((await early.next()).value).toEqual(Uint8Array.of(2, 2));
  expect((await early.next()).done).toBe(true);
  expect(Buffer.concat(await Array.fromAsync(content.parts()))).toEqual(Buffer.of(0, 0, 1, 1, 2, 2));
  const whole = await content.whole();
  expect([whole.sizeBytes, whole.isFile, owned]).toEqual([6, false, [0, 1, 2]]);
  expect(Buffer.concat(await Array.fromAsync(whole.parts()))).toEqual(Buffer.of(0, 0, 1, 1, 2, 2));
});

test("a failure ends the parts after those before it, and the whole", async () => {
  const failure = new Error("no memory");
  const content = growContent(partsOf([Promise.resolve()], failure), () => {});
  const parts: Uint8Array[] = [];
  await expect(
    (async () => {
      for await (const part of content.parts()) parts.push(part);
    })(),
  ).rejects.toBe(failure);
  expect(parts).toEqual([Uint8Array.of(0, 0)]);
  await expect(content.whole()).rejects.toBe(failure);
});
