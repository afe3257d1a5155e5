import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Env } from "@pixelmesh/config";
import { expected } from "@pixelmesh/errors";
import { parseRegistryUrl } from "./archive.ts";

/** Where npm packages come from, and with which credentials. */
export type NpmConfig = {
  /** The registry of a package, by its scope. */
  readonly registryOf: (packageName: string) => URL;
  /** Headers with the credentials for an address; empty without any. */
  readonly headersFor: (url: URL) => Readonly<Record<string, string>>;
};

const publicRegistry = "https://registry.npmjs.org/";
const ownVariable = "PIXELMESH_NPM_REGISTRY";

/**
 * Loads npm's settings: PIXELMESH_NPM_REGISTRY, `npm_config_registry`, and of the user's `.npmrc` (`npm_config_userconfig`, else in the home
 * directory) `registry`, `@scope:registry`, and per address `_authToken`, `_auth`, `username` with `_password`; `${NAME}` stands for a variable.
 * Throws INVALID_ARGUMENT for a registry that is no address.
 */
export async function loadNpmConfig(env: Env): Promise<NpmConfig> {
  const file = await readNpmrc(env);
  return {
    registryOf(packageName) {
      const scope = packageName.startsWith("@") ? packageName.slice(0, packageName.indexOf("/")) : "";
      const candidates = [
        [ownVariable, env[ownVariable]],
        [`${scope}:registry`, scope === "" ? undefined : file.get(`${scope}:registry`)],
        ["npm_config_registry", env.npm_config_registry ?? env.NPM_CONFIG_REGISTRY],
        ["registry", file.get("registry")],
      ] as const;
      const [name, text] = candidates.find(([, value]) => (value ?? "") !== "") ?? ["registry", publicRegistry];
      const url = parseRegistryUrl(text ?? "");
      // The text is not shown, because the address of a registry may contain a password.
      if (url === undefined) throw expected(name, `an address such as ${publicRegistry}`, "…");
      return url;
    },
    headersFor(url) {
      for (const place of placesOf(url)) {
        const authorization = toAuthorization((field) => file.get(`${place}:${field}`));
        if (authorization !== undefined) return { authorization };
      }
      return {};
    },
  };
}

function toAuthorization(get: (field: string) => string | undefined): string | undefined {
  const token = get("_authToken");
  if (token) return `Bearer ${token}`;
  const pair = get("_auth");
  if (pair) return `Basic ${pair}`;
  const [username, password] = [get("username"), get("_password")];
  if (!username || !password) return undefined;
  const text = `${username}:${Buffer.from(password, "base64").toString()}`;
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

/** The keys under which `.npmrc` has the credentials for an address, most exact first: `//host/a/b/`, `//host/a/`, `//host/`. */
function placesOf({ host, pathname }: URL): string[] {
  const folders = pathname.split("/").slice(1, -1);
  return Array.from({ length: folders.length + 1 }, (_, dropped) => {
    const kept = folders.slice(0, folders.length - dropped).map((folder) => `${folder}/`);
    return `//${host}/${kept.join("")}`;
  });
}

async function readNpmrc(env: Env): Promise<ReadonlyMap<string, string>> {
  const named = env.npm_config_userconfig ?? env.NPM_CONFIG_USERCONFIG;
  const path = named || join(env.HOME || homedir(), ".npmrc");
  const text = await readFile(path, "utf8").catch(() => "");
  const pairs = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const [, key = "", value = ""] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    return key === "" ? [] : [[key, expand(value.replace(/^"(.*)"$/, "$1"), env)]];
  });
  return new Map(pairs);
}

function expand(value: string, env: Env): string {
  return value.replace(/\$\{([^}]+)\}/g, (whole, name: string) => env[name] ?? whole);
}
