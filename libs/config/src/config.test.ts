import { expect, test } from "vitest";
import {
  ConfigError,
  describeConfig,
  field,
  loadConfig,
  parseByteSize,
  parseDuration,
  toByteSizeText,
} from "./index.ts";

const fields = {
  port: field.integer("PIXELMESH_X_PORT", "7400", "Port.", { min: 0, max: 65535 }),
  timeoutMs: field.duration("PIXELMESH_X_TIMEOUT", "30s", "Timeout."),
  maxBytes: field.byteSize("PIXELMESH_X_MAX", "64MiB", "Bound."),
  ratio: field.percent("PIXELMESH_X_RATIO", "85%", "Ratio."),
  mode: field.choice("PIXELMESH_X_MODE", ["a", "b"], "a", "Mode."),
  on: field.flag("PIXELMESH_X_ON", "false", "Flag."),
  dirs: field.list("PIXELMESH_X_DIRS", "", "Directories.", ":"),
  token: field.text("PIXELMESH_X_TOKEN", undefined, "Token.", { secret: true }),
};

test("defaults are used, values are typed and the result is frozen", () => {
  const config = loadConfig(fields, { PIXELMESH_X_TOKEN: "s", PIXELMESH_X_DIRS: "/a:/b", PIXELMESH_X_TIMEOUT: "1.5s" });
  expect(config).toEqual({
    port: 7400,
    timeoutMs: 1500,
    maxBytes: 67108864,
    ratio: 0.85,
    mode: "a",
    on: false,
    dirs: ["/a", "/b"],
    token: "s",
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test("a flag is true or false in any case", () => {
  const read = (text: string) => loadConfig({ on: fields.on }, { PIXELMESH_X_ON: text }).on;
  expect(["true", "TRUE", "False", ""].map(read)).toEqual([true, true, false, false]);
  expect(() => read("yes")).toThrow("Expected PIXELMESH_X_ON to be true or false, got `yes`");
});

test("all mistakes are reported together, with variable, form and given text", () => {
  const env = { PIXELMESH_X_PORT: "70000", PIXELMESH_X_MAX: "64 bananas", PIXELMESH_X_MODE: "c" };
  const error = (() => {
    try {
      loadConfig(fields, env);
    } catch (caught) {
      return caught as ConfigError;
    }
  })();
  expect(error).toBeInstanceOf(ConfigError);
  expect(error?.mistakes).toEqual([
    "Expected PIXELMESH_X_PORT to be an integer from 0 to 65535, got `70000`",
    "Expected PIXELMESH_X_MAX to be a size such as 64MiB, got `64 bananas`",
    "Expected PIXELMESH_X_MODE to be one of a, b, got `c`",
    "Expected PIXELMESH_X_TOKEN to be text, got nothing",
  ]);
});

test("the error for a value out of range has the range in readable units", () => {
  const bounded = { waitMs: field.duration("PIXELMESH_X_WAIT", "30s", "Wait.", { min: 1_000, max: 600_000 }) };
  expect(() => loadConfig(bounded, { PIXELMESH_X_WAIT: "1h" })).toThrow(
    "Expected PIXELMESH_X_WAIT to be a duration such as 30s from 1s to 10m, got `1h`",
  );
});

test("a description masks secrets and names the origin", () => {
  const lines = describeConfig(fields, { PIXELMESH_X_TOKEN: "secret" });
  expect(lines.find((line) => line.variable === "PIXELMESH_X_TOKEN")).toMatchObject({
    value: "********",
    origin: "environment",
  });
  expect(lines[0]).toMatchObject({ value: "7400", origin: "default" });
});

test.each([
  ["250ms", 250],
  ["15m", 900_000],
  ["7d", 604_800_000],
  ["5", undefined],
  ["-1s", undefined],
])("duration %s", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ["512B", 512],
  ["2GB", 2e9],
  ["1.5GiB", 1610612736],
  ["lots", undefined],
])("byte size %s", (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test("sizes are written in their largest whole unit", () => {
  expect(toByteSizeText(67108864)).toBe("64MiB");
});

test("secrets inside addresses are masked in descriptions and errors", () => {
  const fields = {
    url: field.text("X_URL", undefined, "An address."),
    port: field.integer("X_PORT", "1", "A port."),
  };
  const env = { X_URL: "nats://user:hunter2@one:4222,nats://hunter2@two:4222", X_PORT: "http://user:hunter2@host" };
  const described = describeConfig(fields, env);
  expect(described[0]?.value).toBe("nats://********@one:4222,nats://********@two:4222");
  expect(JSON.stringify(described)).not.toContain("hunter2");
  expect(() => loadConfig(fields, env)).toThrow("Expected X_PORT to be an integer, got `http://********@host`");
  expect(loadConfig({ url: fields.url }, env).url).toBe(env.X_URL);
});

test("sizes and durations are described in their largest whole unit, other values as written", () => {
  const described = (text: string) =>
    describeConfig(
      {
        size: field.byteSize("X", "1MiB", ""),
        time: field.duration("X", "1s", ""),
        share: field.percent("X", "1%", ""),
      },
      { X: text },
    ).map(({ value }) => value);
  expect(described("26214400B")).toEqual(["25MiB", "26214400B", "26214400B"]);
  expect(described("0.5GiB")[0]).toBe("512MiB");
  expect(described("120000ms")[1]).toBe("2m");
  expect(described("85%")[2]).toBe("85%");
});
