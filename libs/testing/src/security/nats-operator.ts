import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeAccount, encodeOperator, encodeUser, fmtCreds } from "@nats-io/jwt";
import { createAccount, createOperator, createUser } from "@nats-io/nkeys";

/** Settings of a broker that admits users of an operator's account, and credentials files as `nsc` writes them. */
export type TestOperator = {
  /** Lines of the broker's configuration. */
  readonly config: readonly string[];
  readonly credsFile: string;
  /** Credentials of another operator's account, which the broker refuses. */
  readonly strangerCredsFile: string;
};

/** Creates an operator with one account (with JetStream) and one user, in files of a directory. */
export async function makeTestOperator(dir: string): Promise<TestOperator> {
  const known = await makeUser(join(dir, "known.creds"));
  const stranger = await makeUser(join(dir, "stranger.creds"));
  return { config: known.config, credsFile: known.credsFile, strangerCredsFile: stranger.credsFile };
}

async function makeUser(credsFile: string): Promise<Pick<TestOperator, "config" | "credsFile">> {
  const [operator, system, account, user] = [createOperator(), createAccount(), createAccount(), createUser()];
  const operatorJwt = await encodeOperator("test", operator);
  // A missing limit means zero, not unlimited.
  const unlimited = {
    conn: -1,
    leaf: -1,
    subs: -1,
    data: -1,
    payload: -1,
    imports: -1,
    exports: -1,
    wildcards: true,
    mem_storage: -1,
    disk_storage: -1,
    streams: -1,
    consumer: -1,
  };
  const accountJwt = await encodeAccount("mesh", account, { limits: unlimited } as never, { signer: operator });
  const systemJwt = await encodeAccount("system", system, {}, { signer: operator });
  const userJwt = await encodeUser("service", user, account, {}, {});
  writeFileSync(credsFile, fmtCreds(userJwt, user));
  return {
    credsFile,
    config: [
      `operator: "${operatorJwt}"`,
      `system_account: ${system.getPublicKey()}`,
      "resolver: MEMORY",
      `resolver_preload: { ${account.getPublicKey()}: "${accountJwt}", ${system.getPublicKey()}: "${systemJwt}" }`,
    ],
  };
}
