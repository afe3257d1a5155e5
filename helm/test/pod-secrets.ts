import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTestCa, makeTestOperator } from "@pixelmesh/testing/security";
import type { PodPlan } from "./pod-processes.ts";

/** The content of the secrets of the profile `mtls`, created for one test: certificates, credentials of an operator's account, a token. */
export type TestSecrets = {
  /** Settings of a broker that requires all of them. */
  readonly brokerConfig: readonly string[];
  /** The credentials of a caller of ingest. */
  readonly caller: {
    readonly tls: {
      readonly caFile: string;
      readonly certFile: string;
      readonly keyFile: string;
      readonly serverName: string;
    };
    readonly token: string;
  };
  /** Settings of the broker connection for a process that is not a pod. */
  readonly brokerEnv: Readonly<Record<string, string>>;
  /** Writes the files of every secret that a pod mounts to the folder of the mount below `dir`. */
  mount(pod: { readonly name: string; readonly workload: Pick<PodPlan["workload"], "pod"> }, dir: string): void;
};

/** Creates the secrets in a directory. */
export async function makeSecrets(dir: string): Promise<TestSecrets> {
  mkdirSync(dir, { recursive: true });
  const [ca, operator] = await Promise.all([makeTestCa(dir), makeTestOperator(dir)]);
  // All certificates have the name of `tls.serverName`.
  const [own, nats, caller] = await Promise.all([ca.issue("pixelmesh"), ca.issue("nats"), ca.issue("caller")]);
  const token = "a-token-of-the-test-0123456789";
  const pair = (folder: string, files: { certFile: string; keyFile: string }) => {
    copyFileSync(files.certFile, join(folder, "tls.crt"));
    copyFileSync(files.keyFile, join(folder, "tls.key"));
    copyFileSync(ca.caFile, join(folder, "ca.crt"));
  };
  const fill: Readonly<Record<string, (folder: string) => void>> = {
    "pixelmesh-tls": (folder) => pair(folder, own),
    "pixelmesh-ingest-tls": (folder) => pair(folder, own),
    "pixelmesh-nats-tls": (folder) => pair(folder, own),
    "pixelmesh-nats-user": (folder) => copyFileSync(operator.credsFile, join(folder, "nats.creds")),
    "pixelmesh-api-tokens": (folder) => writeFileSync(join(folder, "tokens"), `${token}\n`),
  };
  return {
    brokerConfig: [
      `tls { cert_file: "${nats.certFile}", key_file: "${nats.keyFile}", ca_file: "${ca.caFile}", verify: true }`,
      ...operator.config,
    ],
    caller: { tls: { caFile: ca.caFile, ...caller, serverName: "pixelmesh" }, token },
    brokerEnv: {
      PIXELMESH_NATS_TLS_CA_FILE: ca.caFile,
      PIXELMESH_NATS_TLS_CERT_FILE: own.certFile,
      PIXELMESH_NATS_TLS_KEY_FILE: own.keyFile,
      PIXELMESH_NATS_CREDS_FILE: operator.credsFile,
    },
    mount({ name, workload }, podsDir) {
      const { spec } = workload.pod;
      for (const volume of spec?.volumes ?? []) {
        if (!volume.secret) continue;
        const mount = spec?.containers[0]?.volumeMounts?.find((it) => it.name === volume.name);
        const folder = join(podsDir, name, mount?.mountPath ?? "");
        mkdirSync(folder, { recursive: true });
        fill[volume.secret.secretName ?? ""]?.(folder);
      }
    },
  };
}
