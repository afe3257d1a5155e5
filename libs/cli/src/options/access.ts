import type { Access } from "@pixelmesh/client/processes";
import type { Env } from "@pixelmesh/config";
import { wrongFlag } from "@pixelmesh/flag-values";
import { type Command, Option } from "commander";

const flags = [
  ["--tls-ca <file>", "CAs that the mesh is trusted by (PEM); calls are made over TLS", "PIXELMESH_TLS_CA_FILE"],
  ["--tls-cert <file>", "certificate to show to the mesh (PEM)", "PIXELMESH_TLS_CERT_FILE"],
  ["--tls-key <file>", "key to that certificate (PEM)", "PIXELMESH_TLS_KEY_FILE"],
  ["--tls-server-name <name>", "name in the mesh's certificate, if not its host", "PIXELMESH_TLS_SERVER_NAME"],
] as const;

const tenantVariable = "PIXELMESH_TENANT";

/** Adds the flags of TLS and the tenant to every command. Each overrides the variable of the same meaning. */
export function addAccessFlags(program: Command, setVariable: (name: string, value: string) => void): void {
  for (const [names, description, variable] of flags) {
    const option = new Option(names, `${description} (default: ${variable})`).argParser((text: string) => {
      setVariable(variable, text);
      return text;
    });
    program.addOption(option);
  }
  const tenant = new Option("--tenant <name>", `whose jobs these are (default: ${tenantVariable}, else "default")`);
  program.addOption(
    tenant.argParser((text: string) => {
      setVariable(tenantVariable, parseTenant("--tenant", text));
      return text;
    }),
  );
}

function parseTenant(source: string, text: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(text)) return text;
  throw wrongFlag(source, "1 to 64 letters, digits, - or _", text);
}

/** Reads from the environment how to call a mesh. The token is not a flag, because other users see the arguments of a process. */
export function readAccess(env: Env): Access {
  const tls = {
    caFile: env.PIXELMESH_TLS_CA_FILE,
    certFile: env.PIXELMESH_TLS_CERT_FILE,
    keyFile: env.PIXELMESH_TLS_KEY_FILE,
    serverName: env.PIXELMESH_TLS_SERVER_NAME,
  };
  const token = env.PIXELMESH_API_TOKEN?.trim();
  const tenant = env[tenantVariable]?.trim();
  return {
    tls,
    httpProxy: readHttpProxy(env.PIXELMESH_RPC_HTTP_PROXY),
    ...(token ? { token } : {}),
    ...(tenant ? { tenant: parseTenant(tenantVariable, tenant) } : {}),
  };
}

function readHttpProxy(text: string | undefined): boolean {
  if (text === undefined || text === "" || text === "false") return false;
  if (text === "true") return true;
  throw wrongFlag("PIXELMESH_RPC_HTTP_PROXY", "true or false", text);
}
