// A program for quick-resolve.test.ts: it imports a source beside it, a package of this repository and a module of Node, statically and later.
import { basename } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { moduleBeside } from "../src/module-beside.ts";

const again = await import("@pixelmesh/errors");
const missing = await import(`./${"missing"}.ts`).then(
  () => "found",
  () => "not found",
);
const found = [basename(moduleBeside(import.meta.url, "./a").pathname), again.AppError === AppError, missing];
process.stdout.write(JSON.stringify(found));
