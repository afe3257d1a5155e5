import { expect, test } from "vitest";
import { toSentName } from "./sent-name.ts";

test("A picture is sent under a name that follows from its file", () => {
  expect(toSentName("Logo (final).PNG", [])).toBe("logo-final");
  expect(toSentName("archive.tar.gz", [])).toBe("archive-tar");
  expect(toSentName("été.jpg", [])).toBe("t");
  expect(toSentName("日本.png", [])).toBe("extra");
  expect(toSentName("", [])).toBe("extra");
  expect(toSentName(`${"a".repeat(23)}-b.png`, [])).toBe("a".repeat(23));
});

test("No two pictures have one name, and none that of the source or of another file of a form", () => {
  expect(toSentName("logo.png", ["logo", "logo-2"])).toBe("logo-3");
  for (const name of ["source", "picture", "background", "pipeline"])
    expect(toSentName(`${name}.jpg`, [])).toBe(`${name}-2`);
});
