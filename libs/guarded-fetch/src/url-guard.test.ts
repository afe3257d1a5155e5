import { ConfigError } from "@pixelmesh/config";
import { expect, test } from "vitest";
import { parseHostRules, parsePrivateHostRules } from "./host-rules.ts";
import { createUrlGuard } from "./url-guard.ts";

function guardOf({
  hosts = [],
  privateHosts = [],
  allowHttp = false,
}: {
  hosts?: string[];
  privateHosts?: string[];
  allowHttp?: boolean;
}) {
  return createUrlGuard({
    field: "source_url",
    hosts: parseHostRules("HOSTS", hosts),
    privateHosts: parsePrivateHostRules("PRIVATE_HOSTS", privateHosts),
    allowHttp,
  });
}

const notAllowed = expect.objectContaining({ reason: "URL_NOT_ALLOWED" });

test("without rules every address is refused", () => {
  expect(() => guardOf({}).check("https://images.example.com/a.png")).toThrow(notAllowed);
});

test("rules name hosts exactly, below a suffix, with a port, or all; ports without a rule are refused", () => {
  const { check } = guardOf({
    hosts: ["images.example.com", "*.cdn.example.com", "minio.example.com:9000", "[2606:4700::1111]"],
  });
  for (const url of [
    "https://images.example.com/a.png?x=1#part",
    "https://IMAGES.example.com:443/",
    "https://a.cdn.example.com/",
    "https://a.b.cdn.example.com/",
    "https://minio.example.com:9000/",
    "https://[2606:4700:0:0::1111]/",
  ])
    expect(check(url).hash, url).toBe("");
  for (const url of [
    "https://example.com/",
    "https://cdn.example.com/",
    "https://evilcdn.example.com/",
    "https://images.example.com.evil.test/",
    "https://images.example.com:8443/",
    "https://minio.example.com/",
    "https://images.example.com./",
    "https://[2606:4700::1112]/",
  ])
    expect(() => check(url), url).toThrow(notAllowed);
  expect(guardOf({ hosts: ["*"] }).check("https://anything.test/").host).toBe("anything.test");
  expect(() => guardOf({ hosts: ["*"] }).check("https://anything.test:22/")).toThrow(notAllowed);
});

test("names in other scripts are compared in their ASCII form", () => {
  const { check } = guardOf({ hosts: ["bücher.example"] });
  expect(check("https://xn--bcher-kva.example/").hostname).toBe("xn--bcher-kva.example");
  expect(check("https://B%C3%BCcher.example/").hostname).toBe("xn--bcher-kva.example");
  // A Cyrillic letter that looks like a Latin one is another name.
  expect(() => guardOf({ hosts: ["apple.example"] }).check("https://аpple.example/")).toThrow(notAllowed);
});

test("only https is allowed, and http where a setting says so", () => {
  const { check } = guardOf({ hosts: ["*"] });
  for (const url of [
    "http://a.test/",
    "gopher://a.test/",
    "file:///etc/passwd",
    "ftp://a.test/",
    "data:image/png,x",
    "unix:/run/docker.sock",
    "javascript:1",
    "jar:https://a.test/!/",
  ])
    expect(() => check(url), url).toThrow(notAllowed);
  expect(guardOf({ hosts: ["*"], allowHttp: true }).check("http://a.test/").protocol).toBe("http:");
  expect(() => guardOf({ hosts: ["*"], allowHttp: true }).check("gopher://a.test/")).toThrow(notAllowed);
});

test("users and passwords are refused, also empty ones", () => {
  const { check } = guardOf({ hosts: ["*"] });
  for (const url of [
    "https://user@a.test/",
    "https://a.test:pass@b.test/",
    "https://@a.test/",
    "https://:@a.test/",
    "https:a@b.test/",
  ])
    expect(() => check(url), url).toThrow(notAllowed);
});

test("text that programs read in different ways is no address", () => {
  const { check } = guardOf({ hosts: ["*"] });
  for (const url of [
    "",
    "//a.test/",
    "https://",
    "https://a.test\\@b.test/",
    "https://a.test /",
    "https://a\n.test/",
    "https://a.test/\0",
    "https://[fe80::1%25eth0]/",
    "https://[::1",
    "https://1.2.3.4.5/",
    "https://256.1.1.1/",
    `https://a.test/${"a".repeat(2_048)}`,
  ])
    expect(() => check(url), JSON.stringify(url).slice(0, 60)).toThrow(
      expect.objectContaining({ reason: "INVALID_ARGUMENT" }),
    );
});

test("rules of another form are refused with their setting, and `*` as a private host", () => {
  expect(parsePrivateHostRules("PIXELMESH_X", ["minio:9000", "*.storage.internal"]).isEmpty).toBe(false);
  for (const rule of ["*", "*:9000"]) expect(() => parsePrivateHostRules("PIXELMESH_X", [rule])).toThrow(/PIXELMESH_X/);
  for (const rule of [
    "https://a.test",
    "a.test/path",
    "*.*.test",
    "a*.test",
    "*test",
    "user@a.test",
    "a.test:99999",
    "a.test:x",
    "-a.test",
    "a..test",
  ])
    expect(() => parseHostRules("PIXELMESH_X", [rule]), rule).toThrow(ConfigError);
  expect(() => parseHostRules("PIXELMESH_X", ["a b"])).toThrow(/PIXELMESH_X.*`a b`/);
});
