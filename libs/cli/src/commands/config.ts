import type { Command } from "commander";
import { choiceFlag } from "../flag-values.ts";
import type { CliIo } from "../io.ts";
import { type ServiceName, serviceNames } from "../mesh/services.ts";
import { toTable } from "../text.ts";

/** Adds `config`. */
export function addConfig(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("config")
    .summary("list every setting")
    .description("Lists every setting of every service: variable, value, where that comes from, what it does.")
    .argument("[service]", serviceNames.join(", "), choiceFlag("service", serviceNames))
    .option("--json", "print JSON")
    .action(async (service: ServiceName | undefined, { json }: { json?: true }) => {
      const { readConfig } = await import("../read-config.ts");
      const settings = await readConfig(service ? [service] : serviceNames, io.env);
      const rows = settings.map(({ variable, value, origin, services, doc, form }) => [
        variable,
        value,
        origin,
        services.length === serviceNames.length ? "all" : services.join(" "),
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
