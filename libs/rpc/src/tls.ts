import { getCACertificates } from "node:tls";
import { type ChannelCredentials, experimental, type ServerCredentials } from "@grpc/grpc-js";
import { readTls, type TlsFiles, type TlsMaterial, watchFiles } from "@pixelmesh/secrets";

/** TLS of one process: credentials of its server and of its connections. */
export type RpcTls = {
  /** Undefined without an own certificate. With a CA, clients must present one of its certificates. */
  readonly server: ServerCredentials | undefined;
  readonly channel: ChannelCredentials;
  /** Name that servers' certificates must have; empty: the called host. */
  readonly serverName: string;
  /** Returns when the own certificate expires; 0 without one. */
  endsUnixMs(): number;
  close(): void;
};

/** Options of TLS. */
export type RpcTlsOptions = {
  readonly files: TlsFiles;
  readonly serverName: string;
  /** Called when changed files were read, or with the failure if they are invalid and the earlier ones stay in use. */
  readonly onReload?: (failure: unknown | undefined) => void;
  readonly pauseMs?: number;
};

/**
 * Opens TLS from files; undefined if none is named. Changed files apply within seconds to new connections; open ones end by their
 * age. Without a CA, Node's default CAs are trusted. Throws a ConfigError that names setting and file.
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
      provider.notify();
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
 * Provides the material to grpc-js. A listener is called in the next turn, because it is not ready earlier, and again at each
 * `notify`.
 */
function createProvider(current: () => TlsMaterial): experimental.CertificateProvider & { notify(): void } {
  const caListeners = new Set<experimental.CaCertificateUpdateListener>();
  const identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  const defaultCas = Buffer.from(getCACertificates("default").join("\n"));
  const notifyCa = (listener: experimental.CaCertificateUpdateListener) =>
    listener({ caCertificate: current().ca ?? defaultCas });
  const notifyIdentity = (listener: experimental.IdentityCertificateUpdateListener) =>
    listener(current().identity ?? null);
  return {
    addCaCertificateListener(listener) {
      caListeners.add(listener);
      process.nextTick(notifyCa, listener);
    },
    removeCaCertificateListener: (listener) => void caListeners.delete(listener),
    addIdentityCertificateListener(listener) {
      identityListeners.add(listener);
      process.nextTick(notifyIdentity, listener);
    },
    removeIdentityCertificateListener: (listener) => void identityListeners.delete(listener),
    notify() {
      for (const listener of caListeners) notifyCa(listener);
      for (const listener of identityListeners) notifyIdentity(listener);
    },
  };
}
