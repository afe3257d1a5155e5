import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reservePorts } from "@pixelmesh/local-mesh";
import { stringify } from "yaml";
import { connectKubeApi, type KubeAccess, type KubeApi } from "./kube-api.ts";
import { findProgram } from "./programs.ts";
import { type Program, startProgram, waitUntil } from "./start-program.ts";

/** A running control plane: etcd, API server, controllers, scheduler. Disposal ends them in reverse. */
export type ControlPlane = AsyncDisposable & {
  readonly access: KubeAccess;
  readonly api: KubeApi;
  /** A file for helm and kubectl. It has the right to do everything. */
  readonly kubeconfig: string;
};

const readyMs = 120_000;

/**
 * Starts a control plane on ports of loopback, with its data below `dir`. The controller of node leases is off: nodes that have no
 * kubelet stay Ready.
 */
export async function startControlPlane(dir: string): Promise<ControlPlane> {
  await using stack = new AsyncDisposableStack();
  const reserved = await reservePorts("127.0.0.1", 3);
  stack.defer(() => reserved.release());
  const [etcdPort, peerPort, apiPort] = reserved.ports as [number, number, number];
  const certDir = join(dir, "certificates");
  mkdirSync(certDir, { recursive: true });

  const access = {
    url: `https://127.0.0.1:${apiPort}`,
    token: randomBytes(24).toString("hex"),
    caFile: join(certDir, "apiserver.crt"),
  };
  const accountKey = join(dir, "service-accounts.pem");
  const tokens = join(dir, "tokens.csv");
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" });
  writeFileSync(accountKey, key, { mode: 0o600 });
  writeFileSync(tokens, `${access.token},check,check,"system:masters"\n`, { mode: 0o600 });

  const programs: Program[] = [];
  const run = (name: string, args: readonly string[]) => {
    const program = startProgram(findProgram(name), args, { logFile: join(dir, `${name}.log`) });
    programs.push(stack.use(program));
  };
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  run("etcd", etcdArgs(dir, etcdUrl, `http://127.0.0.1:${peerPort}`));
  run("kube-apiserver", apiServerArgs({ etcdUrl, apiPort, certDir, accountKey, tokens }));

  await waitUntil("the API server's certificate", async () => existsSync(access.caFile), {
    programs,
    limitMs: readyMs,
  });
  const api = connectKubeApi(access);
  await waitUntil("a ready API server", () => isReady(api), { programs, limitMs: readyMs });

  const kubeconfig = join(dir, "kubeconfig.yaml");
  writeFileSync(kubeconfig, toKubeconfig(access), { mode: 0o600 });
  const client = [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--secure-port=0"];
  run("kube-controller-manager", [
    ...client,
    `--service-account-private-key-file=${accountKey}`,
    `--root-ca-file=${access.caFile}`,
    "--controllers=*,-node-lifecycle-controller",
  ]);
  run("kube-scheduler", client);
  // The controllers create this account of a namespace: pods without an account of their own need it.
  const account = "/api/v1/namespaces/default/serviceaccounts/default";
  await waitUntil("running controllers", async () => Boolean(await api.get(account)), { programs, limitMs: readyMs });

  const owned = stack.move();
  return { access, api, kubeconfig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const isReady = async (api: KubeApi) => (await api.get<{ items: unknown[] }>("/api/v1/namespaces")).items.length > 0;

const etcdArgs = (dir: string, url: string, peerUrl: string) => [
  `--data-dir=${join(dir, "etcd")}`,
  // The data lives as long as the check.
  "--unsafe-no-fsync",
  `--listen-client-urls=${url}`,
  `--advertise-client-urls=${url}`,
  `--listen-peer-urls=${peerUrl}`,
  `--initial-advertise-peer-urls=${peerUrl}`,
  `--initial-cluster=default=${peerUrl}`,
];

function apiServerArgs(options: {
  readonly etcdUrl: string;
  readonly apiPort: number;
  readonly certDir: string;
  readonly accountKey: string;
  readonly tokens: string;
}): string[] {
  return [
    `--etcd-servers=${options.etcdUrl}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${options.apiPort}`,
    `--cert-dir=${options.certDir}`,
    `--token-auth-file=${options.tokens}`,
    `--service-account-key-file=${options.accountKey}`,
    `--service-account-signing-key-file=${options.accountKey}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    "--service-cluster-ip-range=10.96.0.0/16",
    "--authorization-mode=Node,RBAC",
    "--endpoint-reconciler-type=none",
    // Not used: endpoints are not written. Without it the server wants a default route, which a network namespace may lack.
    "--advertise-address=192.0.2.1",
    "--kubelet-preferred-address-types=InternalIP",
  ];
}

function toKubeconfig({ url, token, caFile }: KubeAccess): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "check",
    clusters: [{ name: "check", cluster: { server: url, "certificate-authority": caFile } }],
    users: [{ name: "check", user: { token } }],
    contexts: [{ name: "check", context: { cluster: "check", user: "check" } }],
  });
}
