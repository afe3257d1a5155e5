import { fileURLToPath } from "node:url";

/** Root of the checkout, with a slash at its end. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** Where the packages are written. */
export const packagesDir: string = `${root}out/packages`;

/** The compiler's declarations, at the paths of the sources. */
export const typesDir: string = `${root}out/packages/types`;

/** Folder of the Python package with its generated code. */
export const pythonDir: string = `${packagesDir}/python`;
