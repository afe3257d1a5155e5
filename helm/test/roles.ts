import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chartDir } from "./render.ts";

type Row = {
  readonly port: number;
  readonly protocol: "grpc" | "http";
  readonly usesBroker: boolean;
  readonly calls: readonly string[];
  readonly takesSteps: boolean;
  readonly runsModels: boolean;
};

/** The chart's table of roles. `make generate-ops` writes it from libs/roles. */
export const roles = JSON.parse(readFileSync(join(chartDir, "files/roles.json"), "utf8")) as Readonly<
  Record<string, Row>
>;

/** Every role. */
export const roleNames: readonly string[] = Object.keys(roles);
