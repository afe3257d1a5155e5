import { drawTestFrame } from "@pixelmesh/testing";
import { expect, test } from "vitest";
import { cutMiddle, cutToMultiple } from "./crop.ts";

const frame = drawTestFrame(11, 7);

test("a picture loses rows and columns at its lower right to become a multiple of the scale", () => {
  const cut = cutToMultiple(frame, 4);
  expect(cut).toMatchObject({ widthPx: 8, heightPx: 4, channels: 3 });
  expect([...cut.data.subarray(24, 48)]).toEqual([...frame.data.subarray(33, 57)]);
  expect(cutToMultiple(frame, 1)).toEqual(frame);
});

test("the middle of a picture has equal distances to left and right, and is not larger than the picture", () => {
  const middle = cutMiddle(frame, 3);
  expect(middle).toMatchObject({ widthPx: 3, heightPx: 3 });
  expect([...middle.data.subarray(0, 9)]).toEqual([...frame.data.subarray((2 * 11 + 4) * 3, (2 * 11 + 7) * 3)]);
  expect(cutMiddle(frame, 20)).toEqual(frame);
});
