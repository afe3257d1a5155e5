import type { Env } from "@pixelmesh/config";
import { parseAddress } from "@pixelmesh/flag-values";
import { type Command, Option } from "commander";

const variable = "PIXELMESH_ADDRESS";

/** Creates `--address`, for every command that calls a mesh. */
export function addressOption(): Option {
  return new Option("--address <host:port>", `of the mesh; ${variable} in the environment says the same`)
    .default("127.0.0.1:7400")
    .argParser((text) => {
      parseAddress(text);
      return text;
    });
}

/**
 * Sets the address from PIXELMESH_ADDRESS in all commands that have the option and did not get it as a flag. The source of the value
 * is then `env`. The command throws UsageError where the variable holds no address.
 */
export function useAddressVariable(program: Command, env: Env): void {
  program.hook("preAction", (_, command) => {
    const text = env[variable]?.trim();
    if (!text || command.getOptionValueSource("address") !== "default") return;
    parseAddress(text, variable);
    command.setOptionValueWithSource("address", text, "env");
  });
}
