import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.doUnmock("node:os");
  vi.doUnmock("node:fs");
  vi.resetModules();
});

/** Returns the pages whose text comes from defaults, as a machine of this size writes them. */
async function pagesOn(gib: number, cores: number): Promise<Record<string, string>> {
  vi.resetModules();
  vi.doMock("node:os", async (importOriginal) => ({
    ...(await importOriginal<typeof import("node:os")>()),
    totalmem: () => gib * 2 ** 30,
    availableParallelism: () => cores,
  }));
  vi.doMock("node:fs", async (importOriginal) => {
    const fs = await importOriginal<typeof import("node:fs")>();
    const kib = gib * 2 ** 20;
    const memory = `MemTotal: ${kib} kB\nMemAvailable: ${kib} kB\n`;
    const readFileSync = (path: string, options?: object) =>
      path === "/proc/meminfo" ? memory : fs.readFileSync(path, options);
    return { ...fs, readFileSync };
  });
  const { settingsPage } = await import("./settings.ts");
  const { cliPage } = await import("./cli.ts");
  const { chartValuesPage } = await import("./chart-values.ts");
  return { settings: settingsPage(), cli: await cliPage(), chartValues: chartValuesPage() };
}

test("the reference is the same on machines of any memory and any number of cores", async () => {
  const small = await pagesOn(3, 1);
  const large = await pagesOn(200, 48);
  expect(large).toEqual(small);
});
