import { expect, test } from "vitest";
import { isSameInput } from "./same-input.ts";

const bytes = Buffer.from("the bytes of a picture");
const sent = { image: `data:image/png;base64,${bytes.toString("base64")}`, scale: 2, list: [true, null] };
const files = new Map([
  ["https://files/same", bytes],
  ["https://files/other", Buffer.from("others")],
]);
const isSame = (listed: unknown) =>
  isSameInput(sent, listed, async (address) => files.get(address), new AbortController().signal);

test("an input is the same with equal members, or with the address of the same bytes", async () => {
  expect(await isSame({ ...sent })).toBe(true);
  expect(await isSame({ list: [true, null], scale: 2, image: "https://files/same" })).toBe(true);
});

test("an input with one other value, one more or one less member, or other bytes is another one", async () => {
  for (const listed of [
    { ...sent, scale: 3 },
    { ...sent, scale: "2" },
    { ...sent, more: 1 },
    { image: sent.image, scale: 2 },
    { ...sent, list: [true] },
    { ...sent, list: { 0: true, 1: null } },
    { ...sent, image: "https://files/other" },
    { ...sent, image: "https://files/gone" },
    { ...sent, image: "data:image/png;base64,AAAA" },
    { ...sent, image: null },
    undefined,
    null,
    [],
  ])
    expect([listed, await isSame(listed)]).toEqual([listed, false]);
});
