import { choiceFlag } from "@pixelmesh/flag-values";
import { type RoleName, roleNames } from "@pixelmesh/roles";
import type { Command } from "commander";
import { toTable } from "../format/text.ts";
import type { CliIo } from "../io.ts";

/** Adds `config`. */
export function addConfig(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("config")
    .summary("list every setting")
    .description("Lists every setting of every service: variable, value, source of the value, meaning.")
    .argument("[service]", roleNames.join(", "), choiceFlag("service", roleNames))
    .option("--json", "print JSON")
    .action(async (service: RoleName | undefined, { json }: { json?: true }) => {
      const { readConfig } = await import("../options/read-config.ts");
      const settings = await readConfig(service ? [service] : roleNames, io.env);
      const rows = settings.map(({ variable, value, origin, services, doc, form }) => [
        variable,
        value,
        origin,
        services.length === roleNames.length ? "all" : services.join(" "),
        `${doc} (${form})`,
      ]);
      io.stdout.write(
        json
          ? `${JSON.stringify(settings, null, 2)}\n`
          : toTable([["VARIABLE", "VALUE", "ORIGIN", "SERVICES", "WHAT IT IS"], ...rows]),
      );
      finish(0);
    });
}
