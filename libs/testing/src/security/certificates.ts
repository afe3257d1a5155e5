import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";

/** Certificate and key files of one side of TLS. */
export type IssuedFiles = { readonly certFile: string; readonly keyFile: string };

/** A certificate authority of one test. */
export type TestCa = {
  readonly caFile: string;
  /** Issues a certificate for this host name (and 127.0.0.1 and localhost) with its key, as files named after it. */
  issue(name: string, validity?: { readonly notBefore: Date; readonly notAfter: Date }): Promise<IssuedFiles>;
};

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 24 * 3_600_000;
const makeKeys = () => webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
const validNow = () => ({ notBefore: new Date(Date.now() - dayMs), notAfter: new Date(Date.now() + dayMs) });

/** Creates a CA in a directory. Its certificates are real and by default valid from yesterday to tomorrow. */
export async function makeTestCa(dir: string, name = "ca"): Promise<TestCa> {
  x509.cryptoProvider.set(webcrypto as never);
  const caKeys = await makeKeys();
  const issuer = `CN=Pixelmesh test ${name}`;
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: issuer,
    ...validNow(),
    signingAlgorithm: algorithm,
    keys: caKeys as never,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const caFile = join(dir, `${name}.pem`);
  writeFileSync(caFile, ca.toString("pem"));
  let serial = 1;

  return {
    caFile,
    async issue(subject, validity = validNow()) {
      const keys = await makeKeys();
      serial += 1;
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial.toString(16).padStart(2, "0"),
        subject: `CN=${subject}`,
        issuer,
        ...validity,
        signingAlgorithm: algorithm,
        publicKey: keys.publicKey as never,
        signingKey: caKeys.privateKey as never,
        extensions: [
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
          new x509.SubjectAlternativeNameExtension([
            { type: "dns", value: subject },
            { type: "dns", value: "localhost" },
            { type: "ip", value: "127.0.0.1" },
          ]),
        ],
      });
      const files = { certFile: join(dir, `${name}-${subject}.pem`), keyFile: join(dir, `${name}-${subject}.key`) };
      const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
      writeFileSync(files.certFile, certificate.toString("pem"));
      writeFileSync(files.keyFile, `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`);
      return files;
    },
  };
}
