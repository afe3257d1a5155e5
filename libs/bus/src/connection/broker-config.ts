import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Path of the configuration file of a data directory's broker. It identifies the broker in a process's command line. */
export function brokerConfigPath(dataDir: string): string {
  return join(realpathSync(dataDir), "nats.conf");
}

/** Writes the configuration of a private broker, followed by `lines`. Leaves an equal file alone: a restart must work on a full disk. */
export function writeBrokerConfig(
  path: string,
  { dataDir, version, maxFileStoreBytes }: BrokerConfig,
  lines: readonly string[],
): void {
  const text = [toText({ dataDir, version, maxFileStoreBytes }), ...lines].join("\n");
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** Values of a private broker's configuration. `version` is that of nats-server. */
export type BrokerConfig = { readonly dataDir: string; readonly version: string; readonly maxFileStoreBytes: number };

function toText({ dataDir, version, maxFileStoreBytes }: BrokerConfig): string {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  // sync_interval needs 2.10. With `always`, a confirmed write is on disk, not only in the page cache.
  const sync = major > 2 || minor >= 10 ? "  sync_interval: always\n" : "";
  return [
    "max_payload: 1MB",
    "jetstream {",
    `  store_dir: ${JSON.stringify(join(dataDir, "jetstream"))}`,
    "  max_memory_store: 64MB",
    `  max_file_store: ${maxFileStoreBytes}`,
    `${sync}}`,
    "",
  ].join("\n");
}
