import { once } from "node:events";
import { connect } from "node:net";
import { AppError, expected, maskSecretValue } from "@pixelmesh/errors";

const answerWithinMs = 5_000;
const defaultPort = 4222;

/**
 * Resolves once one server of `url` (`nats://host:port`, several separated by commas) accepts a connection. Throws BROKER_UNAVAILABLE,
 * with what each server answered, if none does within 5 s, and INVALID_ARGUMENT where `url` holds no address.
 */
export async function assertBrokerAnswers(url: string): Promise<void> {
  const servers = url.split(",").map(parseServer);
  const failures: string[] = [];
  for (const result of await Promise.allSettled(servers.map(tryConnect))) {
    if (result.status === "fulfilled") return;
    failures.push(String((result.reason as Error).message));
  }
  throw new AppError(
    "BROKER_UNAVAILABLE",
    `Expected a NATS server to answer at ${maskSecretValue(url)} within ${answerWithinMs / 1_000} s: ${failures.join("; ")}. Start it, or correct the address`,
  );
}

function parseServer(text: string): { readonly host: string; readonly port: number } {
  const url = URL.parse(text.includes("://") ? text.trim() : `nats://${text.trim()}`);
  if (!url?.hostname) throw expected("broker", "an address as nats://host:4222", maskSecretValue(text));
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || defaultPort) };
}

async function tryConnect({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(answerWithinMs) });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${host}:${port} ${code === "ABORT_ERR" ? "did not answer" : (code ?? String(error))}`);
  } finally {
    socket.destroy();
  }
}
