import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

let isReported = false;

/**
 * Returns the folder of third-party test data: PIXELMESH_TEST_DATA, or `../shared/data` beside the checkout. Undefined where there is none;
 * the first such call prints to standard error that tests are skipped.
 */
export function findTestData(): string | undefined {
  const beside = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
  const dir = process.env.PIXELMESH_TEST_DATA || beside;
  if (existsSync(join(dir, "photos"))) return dir;
  if (!isReported)
    process.stderr.write(`SKIPPED: tests on third-party pictures and models; there are none in ${dir}\n`);
  isReported = true;
  return undefined;
}

/** Returns the folder of third-party models in the test data, where it exists. */
export function findTestModels(): string | undefined {
  const data = findTestData();
  const dir = data && join(data, "models");
  return dir && existsSync(dir) ? dir : undefined;
}
