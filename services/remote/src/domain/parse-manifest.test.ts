import { readFileSync } from "node:fs";
import { ConfigError } from "@pixelmesh/config";
import { ParameterType, WorkClass } from "@pixelmesh/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseManifest } from "./parse-manifest.ts";

const provider = { name: "one", kind: "replicate", tokenFile: "/run/secrets/one" };
const model = {
  name: "m",
  provider: "one",
  version: "owner/name:0123abcd",
  class: "heavy",
  timeout: "90s",
  price: { perCall: 0.002, perSecond: 0.000725, expectedSeconds: 4.5 },
  parameters: [
    { name: "scale", type: "integer", default: 2, minimum: 1, maximum: 4 },
    { name: "prompt", type: "text", default: "" },
  ],
  input: { img: "{{picture}}", scale: "{{parameters.scale}}", prompt: "{{parameters.prompt}}" },
};
const whole = { version: 1, currency: "EUR", providers: [provider], models: [model] };
const mapping = {
  createPath: "/jobs",
  idPointer: "/job/id",
  getPath: "/jobs/{{id}}",
  statusPointer: "/job/state",
  doneValues: ["DONE"],
  failedValues: ["ERROR"],
  outputPointer: "/result",
};
const generic = { ...whole, providers: [{ name: "one", kind: "http", baseUrl: "https://api.example.com/" }] };

const parse = (manifest: unknown) => parseManifest(JSON.stringify(manifest), "m.json");

function mistakesOf(manifest: unknown): readonly string[] {
  try {
    parse(manifest);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

const withModel = (change: object) => ({ ...whole, models: [{ ...model, ...change }] });
const withProvider = (change: object) => ({ ...whole, providers: [{ ...provider, ...change }] });

describe("a manifest", () => {
  test("has its values with defaults, prices in millionths, and published addresses", () => {
    const { currency, providers, models } = parse(whole);
    expect(currency).toBe("EUR");
    expect(providers).toEqual([
      {
        name: "one",
        kind: "replicate",
        baseUrl: "https://api.replicate.com/v1",
        tokenFile: "/run/secrets/one",
        tokenHeader: "authorization",
        tokenScheme: "Bearer",
        resultHosts: expect.arrayContaining(["replicate.delivery", "*.replicate.delivery"]),
        privateHosts: [],
        limits: { light: 8, heavy: 4, exclusive: 2, models: {}, tenants: {} },
      },
    ]);
    expect(models[0]).toMatchObject({
      name: "m",
      workClass: WorkClass.HEAVY,
      timeoutMs: 90_000,
      price: { perCallMicros: 2_000, perSecondMicros: 725, expectedSeconds: 4.5 },
      picture: { as: "data_uri", format: "png", maxSidePx: 0 },
      http: undefined,
      input: model.input,
    });
    expect(models[0]?.parameters[0]).toMatchObject({
      name: "scale",
      type: ParameterType.INTEGER,
      defaultValue: { kind: { $case: "number", value: 2 } },
      minimum: 1,
      maximum: 4,
    });
  });

  test("of the examples is valid, names all kinds, and shows no secret", () => {
    const path = new URL("../../../../examples/hosted-models.json", import.meta.url);
    const { providers, models } = parseManifest(readFileSync(path, "utf8"), "examples/hosted-models.json");
    expect(new Set(providers.map(({ kind }) => kind))).toEqual(new Set(["replicate", "openai", "http"]));
    expect(models.flatMap(({ capabilities }) => capabilities)).toEqual(
      expect.arrayContaining(["enhance", "restore_face", "style", "relight"]),
    );
    for (const { tokenFile } of providers) expect(tokenFile).toMatch(/^\/run\/secrets\//);
  });

  test("of the reference page is valid, one for each kind", () => {
    const page = readFileSync(new URL("../../../../docs/reference/hosted-models.md", import.meta.url), "utf8");
    const kinds = [...page.matchAll(/```json\n([^`]+)```/g)].map(
      ([, text = ""]) => parseManifest(text, "page").providers[0]?.kind,
    );
    expect(kinds).toEqual(["replicate", "openai", "http"]);
  });

  test.each([
    ["an unknown key", withProvider({ tokenfile: "/a" }), "providers[0]: ", "Did you mean `tokenFile`"],
    ["an unknown key of a model", withModel({ timout: "1s" }), "models[0]: ", "Did you mean `timeout`"],
    ["a kind", withProvider({ kind: "replicat" }), "providers[0].kind: ", "Did you mean `replicate`"],
    ["a provider", withModel({ provider: "ome" }), "models[0].provider: ", "Did you mean `one`"],
    ["a class", withModel({ class: "big" }), "models[0].class: ", "one of light, heavy, exclusive"],
    ["a missing field", withModel({ version: undefined }), "models[0].version: ", "got nothing"],
    ["a duration", withModel({ timeout: "2h" }), "models[0].timeout: ", "from 1s to 1h"],
    ["a fine price", withModel({ price: { perCall: 0.0000001 } }), "models[0].price.perCall: ", "6 decimals"],
    ["no seconds", withModel({ price: { perSecond: 0.1 } }), "models[0].price.expectedSeconds: ", "estimates"],
    ["a parameter", withModel({ input: { a: "{{parameters.scal}}" } }), "models[0].input.a: ", "Did you mean `scale`"],
    [
      "part of a text",
      withModel({ input: { a: ["x {{picture}}"] } }),
      "models[0].input.a[0]: ",
      "one placeholder alone",
    ],
    ["a sixth picture", withModel({ input: { a: "{{picture 6}}" } }), "models[0].input.a: ", "from 1 to 5"],
    ["a limit", withProvider({ limits: { light: -1 } }), "providers[0].limits.light: ", "an integer from 0"],
    [
      "a limit of no model",
      withProvider({ limits: { models: { n: 1 } } }),
      "providers[0].limits.models.n: ",
      "of this provider",
    ],
    ["a form for replicate", withModel({ picture: { as: "form_file" } }), "models[0].picture.as: ", "data_uri"],
    ["a mapping for replicate", withModel({ http: mapping }), "models[0].http: ", "only for the kind http"],
    ["no mapping", generic, "models[0].http: ", "how the provider is called"],
    [
      "a header for replicate",
      withProvider({ tokenHeader: "X-Key" }),
      "providers[0].tokenHeader: ",
      "only for the kind http",
    ],
    ["an address with a user", withProvider({ baseUrl: "https://a:b@c" }), "providers[0].baseUrl: ", "without user"],
    [
      "a default outside",
      withModel({ parameters: [{ ...model.parameters[0], default: 9 }] }),
      "models[0].parameters[0].default: ",
      "from 1 to 4",
    ],
    [
      "a choice of nothing",
      withModel({ parameters: [{ name: "a", type: "choice" }] }),
      "models[0].parameters[0].choices: ",
      "to choose from",
    ],
    [
      "a pattern",
      withModel({ parameters: [{ name: "a", type: "text", pattern: "(" }] }),
      "models[0].parameters[0].pattern: ",
      "regular expression",
    ],
    ["a name twice", { ...whole, models: [model, model] }, "models[1].name: ", "each name once"],
    ["another version", { ...whole, version: 2 }, "version: ", "Expected 1"],
  ])("with %s is refused with the path and what was expected", (_, manifest, path, text) => {
    const mistakes = mistakesOf(manifest);
    expect(mistakes.filter((each) => each.startsWith(`\`m.json\` ${path}`))).toEqual([expect.stringContaining(text)]);
  });

  test("of a generic provider needs all of a mapping or none of what an id needs", () => {
    expect(mistakesOf({ ...generic, models: [{ ...model, http: mapping }] })).toEqual([]);
    expect(
      mistakesOf({ ...generic, models: [{ ...model, http: { createPath: "/sync", outputPointer: "/a" } }] }),
    ).toEqual([]);
    const { getPath: _, ...rest } = mapping;
    expect(mistakesOf({ ...generic, models: [{ ...model, http: { ...rest, failedValues: [] } }] })).toEqual([
      expect.stringContaining("models[0].http.getPath: "),
      expect.stringContaining("models[0].http.failedValues: "),
    ]);
  });

  test("with several mistakes is refused with all of them", () => {
    const manifest = { ...withModel({ class: 1, timeout: "x" }), currency: "euro" };
    expect(mistakesOf(manifest).map((text) => text.split(": ")[0])).toEqual([
      "`m.json` currency",
      "`m.json` models[0].class",
      "`m.json` models[0].timeout",
    ]);
  });

  test("that is not JSON is refused with its line", () => {
    expect(() => parseManifest('{\n "version": 1,\n oops }', "m.json")).toThrow(/`m.json` to be JSON.*line 3/);
  });
});

describe("credentials in a manifest", () => {
  const token = "r8_abcdefghijklmnopqrstuvwxyz0123456789A";
  test.each([
    ["as a key of a provider", withProvider({ token }), "providers[0]"],
    ["as a key with another name", withProvider({ apiKey: "abc" }), "providers[0]"],
    ["in place of the file", withProvider({ tokenFile: token }), "providers[0].tokenFile"],
    [
      "in an input",
      withModel({ input: { img: "{{picture}}", key: "Bearer abcdefghij0123456789xyz" } }),
      "models[0].input.key",
    ],
    [
      "in an input by its name",
      withModel({ input: { img: "{{picture}}", api_key: "abc" } }),
      "models[0].input.api_key",
    ],
    ["in a text", withModel({ description: `use ${token}` }), "models[0].description"],
    ["in a name", withModel({ version: "sk-proj-abcdefghijklmnop" }), "models[0].version"],
  ])("%s are refused and not shown", (_, manifest, path) => {
    const mistakes = mistakesOf(manifest);
    expect(mistakes.join()).toContain(path);
    expect(mistakes.join()).toContain("tokenFile");
    expect(mistakes.join()).not.toMatch(/r8_|sk-proj|Bearer abc|"abc"|`abc`/);
  });

  test("placeholders, names of files and usual words are no credentials", () => {
    const input = { img: "{{picture}}", token: "{{parameters.prompt}}", max_tokens: "12", keyword: "a" };
    expect(mistakesOf(withModel({ input, description: "Key features: token based, basic authentication" }))).toEqual(
      [],
    );
  });
});

describe("a digest", () => {
  const digestOf = (manifest: unknown) => parse(manifest).models[0]?.digest;

  test("covers what decides the result, and neither prices nor texts", () => {
    const digest = digestOf(whole);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    for (const change of [{ version: "other" }, { input: { img: "{{picture}}" } }, { picture: { format: "jpeg" } }])
      expect(digestOf(withModel(change))).not.toBe(digest);
    expect(digestOf(withProvider({ baseUrl: "https://other.example.com/v1" }))).not.toBe(digest);
    for (const change of [{ price: { perCall: 9 } }, { description: "new" }, { timeout: "1s" }, { class: "light" }])
      expect(digestOf(withModel(change))).toBe(digest);
  });

  test("does not depend on the order of members, and differs for different inputs", () => {
    const key = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom("a", "b", "c", "d") });
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })), (input) => {
        fc.pre(!JSON.stringify(input).includes("{{"));
        const reversed = Object.fromEntries(Object.entries(input).reverse());
        const digest = digestOf(withModel({ input }));
        expect(digestOf(withModel({ input: reversed }))).toBe(digest);
        expect(digestOf(withModel({ input: { ...input, e: 1 } }))).not.toBe(digest);
      }),
    );
  });
});

test("a byte order mark is no mistake, and deep nesting is one with a text", () => {
  expect(parseManifest(`\ufeff${JSON.stringify(whole)}`, "m.json").currency).toBe("EUR");
  const deep = (levels: number) => `{"version":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  // As deep as a file of 1 MiB can be.
  for (const levels of [100, 500_000])
    expect(() => parseManifest(deep(levels), "m.json")).toThrow("`m.json` to be nested at most 64 deep");
});

test("a value that no feature of the capability gives needs a default", () => {
  const parameters = [
    { name: "prompt", type: "text" },
    { name: "fidelity", type: "number" },
  ];
  const input = { image: "{{picture}}" };
  expect(mistakesOf(withModel({ capabilities: ["style"], parameters: parameters.slice(0, 1), input }))).toEqual([]);
  expect(mistakesOf(withModel({ capabilities: ["style", "restore_face"], parameters, input }))).toEqual([
    expect.stringMatching(/models\[0\]\.parameters\[0\]\.default: .*`restore_face`/),
    expect.stringMatching(/models\[0\]\.parameters\[1\]\.default: .*`style`/),
  ]);
});

test("no value of any kind makes the parser fail in another way than with its mistakes", () => {
  const anywhere = fc.constantFrom("providers", "models", "currency", "version");
  const fields = fc.constantFrom(...Object.keys(model), ...Object.keys(provider), "http", "limits", "picture");
  fc.assert(
    fc.property(anywhere, fields, fc.jsonValue(), (place, field, value) => {
      const changed = { ...whole, [place]: value };
      for (const manifest of [changed, withModel({ [field]: value }), withProvider({ [field]: value })])
        for (const mistake of mistakesOf(manifest))
          expect(mistake).toMatch(/^`m\.json`.*: (Expected|Invalid|\d+ more mistakes?$)/s);
    }),
  );
});
