import type { Env } from "@pixelmesh/config";
import { type Command, Option } from "commander";
import { parseAddress } from "./flag-values.ts";

const variable = "PIXELMESH_ADDRESS";

/** `--address`, for every command that asks a mesh. */
export function addressOption(): Option {
  return new Option("--address <host:port>", `of the mesh; ${variable} in the environment says the same`)
    .default("127.0.0.1:7400")
    .argParser((text) => {
      parseAddress(text);
      return text;
    });
}

/**
 * Takes the address from PIXELMESH_ADDRESS in all commands that have the option and were not given it. The source of the value is
 * then `env`. Throws UsageError when the command runs and the variable holds no address.
 */
export function useAddressVariable(program: Command, env: Env): void {
  program.hook("preAction", (_, command) => {
    const text = env[variable]?.trim();
    if (!text || command.getOptionValueSource("address") !== "default") return;
    parseAddress(text, variable);
    command.setOptionValueWithSource("address", text, "env");
  });
}
