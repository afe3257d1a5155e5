import { ConfigError } from "@pixelmesh/config";

/** Rules that name hosts. */
export type HostRules = {
  /** Whether there is no rule. */
  readonly isEmpty: boolean;
  /** Whether a rule names the host and port of an address. */
  match(url: URL): boolean;
};

type Rule = { readonly name: string; readonly isSuffix: boolean; readonly port: string };

const namePattern = /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
const defaultPorts: Readonly<Record<string, string>> = { "https:": "443", "http:": "80" };

/**
 * Parses rules for hosts: exact names (`images.example.com`), names below a suffix (`*.example.com`, which does not match `example.com`), IP
 * addresses, or `*` for every host. A rule may end with a port; without one it stands for the default port of the scheme. Throws ConfigError
 * with the setting for another form.
 */
export function parseHostRules(setting: string, texts: readonly string[]): HostRules {
  return parseRules(setting, texts, "`images.example.com`, `*.example.com` or `minio.example.com:9000`", true);
}

/** Parses rules for private hosts, as `parseHostRules` does, but for `*`: each private host or suffix must be named. Throws ConfigError. */
export function parsePrivateHostRules(setting: string, texts: readonly string[]): HostRules {
  return parseRules(setting, texts, "`minio:9000` or `*.storage.internal`, and not `*`", false);
}

function parseRules(setting: string, texts: readonly string[], form: string, allowsAll: boolean): HostRules {
  const mistakes: string[] = [];
  const rules = texts.flatMap((text) => {
    const rule = toRule(text);
    if (rule && (allowsAll || rule.name !== "")) return rule;
    mistakes.push(`Expected ${setting} to list hosts such as ${form}, got \`${text}\``);
    return [];
  });
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return { isEmpty: rules.length === 0, match: (url) => rules.some((rule) => matches(rule, url)) };
}

function toRule(text: string): Rule | undefined {
  const [, host = "", port = ""] = /^(\[[0-9a-fA-F:.]+\]|[^\s:/?#@\\%]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (Number(port) > 65_535) return undefined;
  if (host === "*") return { name: "", isSuffix: true, port };
  const isSuffix = host.startsWith("*.");
  const name = URL.parse(`https://${isSuffix ? host.slice(2) : host}/`)?.hostname;
  if (name === undefined || !(name.startsWith("[") || namePattern.test(name))) return undefined;
  return { name: isSuffix ? `.${name}` : name, isSuffix, port };
}

function matches({ name, isSuffix, port }: Rule, url: URL): boolean {
  const actualPort = url.port === "" ? defaultPorts[url.protocol] : url.port;
  if (actualPort !== (port === "" ? defaultPorts[url.protocol] : port)) return false;
  return isSuffix ? url.hostname.endsWith(name) && url.hostname.length > name.length : url.hostname === name;
}
