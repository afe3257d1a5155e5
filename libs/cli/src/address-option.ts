import { Option } from "commander";
import { parseAddress } from "./flag-values.ts";

/** `--address`, for every command that asks a mesh. */
export function addressOption(): Option {
  return new Option("--address <host:port>", "of the mesh").default("127.0.0.1:7400").argParser((text) => {
    parseAddress(text);
    return text;
  });
}
