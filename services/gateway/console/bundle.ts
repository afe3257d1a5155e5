import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";

/** Folder of the console's sources. */
export const consoleDir = import.meta.dirname;

/** Folder of the committed build, which the gateway serves. */
export const distDir = join(consoleDir, "dist");

const copied = ["index.html", "icon.svg"];

/** Builds the console: one script, one style sheet, the page and its icon, by file name. Writes nothing. */
export async function bundleConsole(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const name of copied) files.set(name, await readFile(join(consoleDir, name), "utf8"));
  files.set("app.css", await bundleStyles());
  files.set("app.js", await bundleScript());
  return files;
}

/** Builds the console into a folder. */
export async function writeConsole(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const [name, content] of await bundleConsole()) await writeFile(join(dir, name), content);
}

async function bundleScript(): Promise<string> {
  const build = await rolldown({
    input: join(consoleDir, "src/main.tsx"),
    platform: "browser",
    resolve: { conditionNames: ["development", "browser", "import", "default"] },
    transform: { target: "es2023" },
  });
  try {
    const { output } = await build.generate({ format: "esm", minify: true });
    if (output.length !== 1) throw new Error(`Expected one script, got ${output.length}`);
    return output[0].code;
  } finally {
    await build.close();
  }
}

/** Joins the style sheets in the order of their names, without comments and indentation. */
async function bundleStyles(): Promise<string> {
  const dir = join(consoleDir, "styles");
  const names = (await readdir(dir)).filter((name) => name.endsWith(".css")).sort();
  const sheets = await Promise.all(names.map((name) => readFile(join(dir, name), "utf8")));
  return sheets
    .join("\n")
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/\s*\n\s*/g, "\n")
    .trimStart();
}
