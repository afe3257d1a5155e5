import { expect, test } from "vitest";
import { toCodeTexts } from "./code-texts.ts";
import { type Draft, emptyDraft, newEffect } from "./draft.ts";
import { shellWord } from "./flags.ts";

const context = {
  origin: "http://127.0.0.1:7480",
  fileName: "it's me.jpg",
  fileOf: (picture: string) => `${picture} 1.png`,
  tenant: "",
  needsToken: false,
  catalogue: [],
};
const draft: Draft = { ...emptyDraft, scale: 2, effects: [newEffect("sepia", { amount: 0.5 })], format: "png" };

test("File names with spaces and quotes are safe in a shell", () => {
  const { curl, cli } = toCodeTexts(draft, context);
  expect(cli).toContain(`run 'it'\\''s me.jpg'`);
  expect(curl).toContain(`--data-binary '@it'\\''s me.jpg'`);
  expect(["a", "a b", "$(x)", "a&b"].map(shellWord)).toEqual(["a", "'a b'", "'$(x)'", "'a&b'"]);
});

test("A token is named by its variable and never written; a tenant is written", () => {
  const { curl, cli } = toCodeTexts(draft, { ...context, tenant: "acme", needsToken: true });
  expect(curl).toContain('-H "Authorization: Bearer $PIXELMESH_TOKEN"');
  expect(curl).toContain("-H 'X-Pixelmesh-Tenant: acme'");
  expect(cli).toContain("pixelmesh --tenant acme run");
});

test("Further pictures are files of a form for curl, paths for the command line, and bytes for TypeScript", () => {
  const logo = newEffect("watermark", { picture: { picture: "logo" } });
  const background = { kind: "picture", picture: "beach", fit: "contain" } as const;
  const { curl, cli, typescript } = toCodeTexts({ ...emptyDraft, background, effects: [logo] }, context);
  expect(curl).toBe(
    [
      "curl -sS http://127.0.0.1:7480/v1/jobs",
      "  --form-string background=@background",
      "  --form-string background_fit=contain",
      "  --form-string effect=watermark:picture=@logo",
      "  -F 'picture=@it'\\''s me.jpg'",
      "  -F 'background=@beach 1.png'",
      "  -F 'logo=@logo 1.png'",
    ].join(" \\\n"),
  );
  expect(cli).toContain("--background './beach 1.png'");
  expect(cli).toContain("--background-fit contain");
  expect(cli).toContain("--effect 'watermark:picture=@logo 1.png'");
  expect(typescript).toContain('{ name: "logo", bytes: await readFile("logo 1.png") }');
  expect(typescript).toContain('.effect("watermark", { picture: { picture: "logo" } })');
  const comma = toCodeTexts({ ...emptyDraft, effects: [logo] }, { ...context, fileOf: () => 'a;b".png' });
  expect(comma.curl).toContain(`-F 'logo=@"a;b\\".png"'`);
});

test("A setting that flags cannot express is not written as flags", () => {
  const text = newEffect("watermark", { text: "a+b" });
  const texts = toCodeTexts({ ...emptyDraft, variants: [{ key: 1, name: "marked", effects: [text] }] }, context);
  expect(texts.cli).toMatch(/^# A setting/);
  expect(texts.curl).toMatch(/^# A setting/);
  expect(texts.typescript).toContain('"a+b"');
});
