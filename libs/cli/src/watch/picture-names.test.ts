import { expect, test } from "vitest";
import { isWatchedName } from "./picture-names.ts";

test.each(["a.jpg", "A.JPEG", "b.c.webp", "temp.png", "party.gif", "写真.avif", "a.old.png"])(
  "%s is a picture",
  (name) => {
    expect(isWatchedName(name, ["result"])).toBe(true);
  },
);

test.each([
  ".a.jpg",
  "~$a.png",
  "#a.png",
  "a.jpg.part",
  "a.part.jpg",
  "a.jpg.crdownload",
  "a.jpg~",
  "a.tmp.png",
  "a.result.png",
  "notes.txt",
  "jpg",
])("%s is left alone", (name) => {
  expect(isWatchedName(name, ["result"])).toBe(false);
});
