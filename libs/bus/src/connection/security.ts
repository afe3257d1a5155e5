import { readFileSync } from "node:fs";
import { type Authenticator, type ConnectionOptions, credsAuthenticator } from "@nats-io/transport-node";
import { ConfigError } from "@pixelmesh/config";
import { readChecked, readTls } from "@pixelmesh/secrets";
import { natsVariables } from "./config.ts";

/** Files of the broker connection; empty or absent: none. */
export type BusSecurity = {
  readonly natsTlsCaFile?: string;
  readonly natsTlsCertFile?: string;
  readonly natsTlsKeyFile?: string;
  readonly natsCredsFile?: string;
};

/**
 * Returns the connection options for these files. With any TLS file the broker must use TLS, or the connection fails. Files are read again
 * for each connection, so that replaced files are used from the next one on. Throws ConfigError that names setting and file.
 */
export function toSecurity({
  natsTlsCaFile: caFile = "",
  natsTlsCertFile: certFile = "",
  natsTlsKeyFile: keyFile = "",
  natsCredsFile: credsFile = "",
}: BusSecurity): Partial<ConnectionOptions> {
  readTls({
    cert: { name: natsVariables.cert, path: certFile },
    key: { name: natsVariables.key, path: keyFile },
    ca: { name: natsVariables.ca, path: caFile },
  });
  const isTls = caFile !== "" || certFile !== "";
  const tls = { ...(caFile === "" ? {} : { caFile }), ...(certFile === "" ? {} : { certFile, keyFile }) };
  return {
    ...(isTls ? { tls } : {}),
    ...(credsFile === "" ? {} : { authenticator: toAuthenticator(credsFile) }),
  };
}

function toAuthenticator(path: string): Authenticator {
  const { creds: name } = natsVariables;
  let creds = readChecked({ name, path });
  const authenticator = credsAuthenticator(() => {
    try {
      creds = readFileSync(path);
    } catch {
      // A mounted secret is missing while it is replaced. The previous credentials may still be valid; the broker checks them.
    }
    return creds;
  });
  try {
    authenticator("nonce");
  } catch {
    throw new ConfigError([`Expected ${name} to hold a user's JWT and seed, as nsc writes them, got \`${path}\``]);
  }
  return authenticator;
}
