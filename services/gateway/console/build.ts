/** `make console`: builds the console into dist, which is committed. */
import { distDir, writeConsole } from "./bundle.ts";

await writeConsole(distDir);
