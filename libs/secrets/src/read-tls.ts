import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { ConfigError } from "@pixelmesh/config";
import { type CheckedFile, readChecked } from "./checked-file.ts";

/** A file of the TLS settings; an empty path means no file. */
export type TlsFile = CheckedFile;

/** Files of one side of TLS: its certificate with its chain, the private key, and the trusted CAs. */
export type TlsFiles = { readonly cert: TlsFile; readonly key: TlsFile; readonly ca: TlsFile };

/** Contents of the files. */
export type TlsMaterial = {
  readonly identity:
    | { readonly certificate: Buffer; readonly privateKey: Buffer; readonly endsUnixMs: number }
    | undefined;
  readonly ca: Buffer | undefined;
};

/**
 * Reads the files and checks that they hold certificates, a private key, and that the key belongs to the certificate. Throws ConfigError
 * that names setting and file if one is missing, unreadable or does not fit.
 */
export function readTls({ cert, key, ca }: TlsFiles): TlsMaterial {
  if ((cert.path === "") !== (key.path === "")) {
    const [given, missing] = cert.path === "" ? [key, cert] : [cert, key];
    throw new ConfigError([`Expected ${missing.name} beside ${given.name}, got nothing`]);
  }
  return {
    identity: cert.path === "" ? undefined : readIdentity(cert, key),
    ca: ca.path === "" ? undefined : readCa(ca),
  };
}

function readIdentity(cert: TlsFile, key: TlsFile): TlsMaterial["identity"] {
  const certificate = readChecked(cert);
  const privateKey = readChecked(key);
  const [own] = parseCertificates(cert, certificate);
  if (!own.checkPrivateKey(parseKey(key, privateKey))) {
    throw new ConfigError([
      `Expected ${key.name} to be the key of ${cert.name}, got \`${key.path}\` beside \`${cert.path}\``,
    ]);
  }
  return { certificate, privateKey, endsUnixMs: Date.parse(own.validTo) };
}

function readCa(ca: TlsFile): Buffer {
  const bytes = readChecked(ca);
  parseCertificates(ca, bytes);
  return bytes;
}

function parseCertificates({ name, path }: TlsFile, bytes: Buffer): [X509Certificate, ...X509Certificate[]] {
  const blocks = bytes.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    const [first, ...others] = blocks.map((pem) => new X509Certificate(pem));
    if (first) return [first, ...others];
  } catch {
    // The error below covers this too.
  }
  throw new ConfigError([`Expected ${name} to hold certificates as PEM, got \`${path}\``]);
}

function parseKey({ name, path }: TlsFile, bytes: Buffer): KeyObject {
  try {
    return createPrivateKey(bytes);
  } catch {
    // The cause is dropped: it may contain parts of the key.
    throw new ConfigError([`Expected ${name} to hold a private key as PEM, without a password, got \`${path}\``]);
  }
}
