import { expect, test } from "vitest";
import { toContentDisposition } from "./content-disposition.ts";

test.each([
  ["cat.png", 'inline; filename="cat.png"'],
  // The example of RFC 8187, 3.2.3.
  ["£ and € rates", "inline; filename=\"_ and _ rates\"; filename*=UTF-8''%C2%A3%20and%20%E2%82%AC%20rates"],
  ['a"b\\c.png', 'inline; filename="c.png"'],
  ['say "hi".png', "inline; filename=\"say _hi_.png\"; filename*=UTF-8''say%20%22hi%22.png"],
  ["100%.png", "inline; filename=\"100_.png\"; filename*=UTF-8''100%25.png"],
  ["../../etc/passwd", 'inline; filename="passwd"'],
  ["it's(1)*.png", 'inline; filename="it\'s(1)*.png"'],
  ["ü'(1)*.png", "inline; filename=\"_'(1)*.png\"; filename*=UTF-8''%C3%BC%27%281%29%2A.png"],
  ["a\r\nSet-Cookie: b", "inline; filename=\"a__Set-Cookie: b\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b"],
  ["", 'inline; filename="picture"'],
])("the name %j", (name, header) => expect(toContentDisposition("inline", name)).toBe(header));
