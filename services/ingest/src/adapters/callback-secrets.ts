import { ConfigError } from "@pixelmesh/config";
import { type CheckedFile, readChecked, watchFiles } from "@pixelmesh/secrets";
import type { ServiceBase } from "@pixelmesh/service";

/** The secrets that sign callbacks, from a file that may change. */
export type CallbackSecrets = {
  /** Returns the keys for a tenant's callbacks: its own ones, else those of all tenants. */
  keysOf(tenant: string): readonly Uint8Array[];
};

/** Keys by tenant; those of all tenants have the name "". */
type Keys = ReadonlyMap<string, readonly Uint8Array[]>;

/** Bounds of a key in Standard Webhooks, in bytes. */
const [leastBytes, mostBytes] = [24, 64];
const maxPerTenant = 2;
const lineForm = /^(?:([A-Za-z0-9_-]{1,64})\s+)?whsec_([A-Za-z0-9+/]+={0,2})$/;

/**
 * Opens the file; the lifecycle closes it. A changed file is read again within seconds; if it is invalid, the previous secrets stay in use. An empty
 * path gives no secrets. Throws ConfigError with the line of a mistake, never with a secret.
 */
export function openCallbackSecrets(
  { life, log }: Pick<ServiceBase, "life" | "log">,
  file: CheckedFile,
): CallbackSecrets {
  const { name, path } = file;
  let keys: Keys = path === "" ? new Map() : readKeys(file);
  if (path !== "") {
    const close = watchFiles(
      [path],
      () => {
        keys = readKeys(file);
        log.info({ name }, "the replaced file of callback secrets is in use");
      },
      (err) =>
        log.error({ err, name }, "the replaced file of callback secrets is invalid; the previous ones stay in use"),
    );
    life.defer(name, close);
  }
  return { keysOf: (tenant) => keys.get(tenant) ?? keys.get("") ?? [] };
}

/** Reads the keys: `whsec_…` or `TENANT whsec_…` in a line, at most two for each; empty lines and lines that begin with `#` are skipped. */
export function readKeys(file: CheckedFile): Keys {
  const keys = new Map<string, Uint8Array[]>();
  const mistakes: string[] = [];
  const refuse = (form: string, at: number) =>
    mistakes.push(`Expected ${file.name} to hold ${form}, got another in line ${at + 1} of \`${file.path}\``);
  for (const [at, line] of readChecked(file).toString("utf8").split("\n").entries()) {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) continue;
    const [, tenant = "", base64 = ""] = lineForm.exec(text) ?? [];
    const key = Buffer.from(base64, "base64");
    if (key.length < leastBytes || key.length > mostBytes)
      refuse(`\`whsec_\` and the base64 of ${leastBytes} to ${mostBytes} bytes, with a tenant before it or none`, at);
    const own = keys.get(tenant) ?? [];
    if (own.length === maxPerTenant) refuse(`at most ${maxPerTenant} secrets for a tenant, or for all`, at);
    keys.set(tenant, [...own, key]);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  if (keys.size > 0) return keys;
  throw new ConfigError([`Expected ${file.name} to hold a secret, got none in \`${file.path}\``]);
}
