import { getCACertificates } from "node:tls";
import { type ChannelCredentials, experimental, type ServerCredentials } from "@grpc/grpc-js";
import { readTls, type TlsFiles, type TlsMaterial, watchFiles } from "@pixelmesh/secrets";

/** TLS of one process: what its server shows and asks for, and what its connections do. */
export type RpcTls = {
  /** Undefined without a certificate of its own. With a CA, clients must show a certificate of it. */
  readonly server: ServerCredentials | undefined;
  readonly channel: ChannelCredentials;
  /** Name that certificates of servers must carry; empty: the host that is called. */
  readonly serverName: string;
  /** When the own certificate ends; 0 without one. */
  endsUnixMs(): number;
  close(): void;
};

/** How TLS is opened. */
export type RpcTlsOptions = {
  readonly files: TlsFiles;
  readonly serverName: string;
  /** Told when changed files count, or, with the failure, that they do not and what was read before stays. */
  readonly onReload?: (failure: unknown | undefined) => void;
  readonly pauseMs?: number;
};

/**
 * TLS from files: undefined where none is named. Changed files count for connections made after that, within seconds; those
 * that stand end by their age. Whoever has no CA trusts those that Node does. Throws ConfigError that names setting and file.
 */
export function openRpcTls({ files, serverName, onReload, pauseMs }: RpcTlsOptions): RpcTls | undefined {
  const paths = [files.cert.path, files.key.path, files.ca.path].filter((path) => path !== "");
  if (paths.length === 0) return undefined;
  let material = readTls(files);
  const provider = createProvider(() => material);
  const { identity, ca } = material;
  const close = watchFiles(
    paths,
    () => {
      material = readTls(files);
      provider.tell();
      onReload?.(undefined);
    },
    (failure) => onReload?.(failure),
    pauseMs,
  );
  return {
    server: identity
      ? experimental.createCertificateProviderServerCredentials(provider, ca ? provider : null, ca !== undefined)
      : undefined,
    channel: experimental.createCertificateProviderChannelCredentials(provider, identity ? provider : null),
    serverName,
    endsUnixMs: () => material.identity?.endsUnixMs ?? 0,
    close,
  };
}

/**
 * The material in the form that grpc-js takes it in: whoever listens is told in the next turn, for it is not ready before that,
 * and again by `tell`.
 */
function createProvider(current: () => TlsMaterial): experimental.CertificateProvider & { tell(): void } {
  const caListeners = new Set<experimental.CaCertificateUpdateListener>();
  const identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  const nodesOwn = Buffer.from(getCACertificates("default").join("\n"));
  const tellCa = (listener: experimental.CaCertificateUpdateListener) =>
    listener({ caCertificate: current().ca ?? nodesOwn });
  const tellIdentity = (listener: experimental.IdentityCertificateUpdateListener) =>
    listener(current().identity ?? null);
  return {
    addCaCertificateListener(listener) {
      caListeners.add(listener);
      process.nextTick(tellCa, listener);
    },
    removeCaCertificateListener: (listener) => void caListeners.delete(listener),
    addIdentityCertificateListener(listener) {
      identityListeners.add(listener);
      process.nextTick(tellIdentity, listener);
    },
    removeIdentityCertificateListener: (listener) => void identityListeners.delete(listener),
    tell() {
      for (const listener of caListeners) tellCa(listener);
      for (const listener of identityListeners) tellIdentity(listener);
    },
  };
}
