import { expect, test, vi } from "vitest";
import { createMetrics } from "./metrics.ts";

const opened = vi.hoisted(() => ({ count: 0 }));

vi.mock("./page-registry.ts", async (importActual) => {
  const actual = await importActual<typeof import("./page-registry.ts")>();
  const createPageRegistry = () => {
    opened.count += 1;
    if (opened.count === 1) throw new Error("no file handle");
    return actual.createPageRegistry();
  };
  return { createPageRegistry };
});

test("a page that could not be loaded is loaded again, with metrics that appeared meanwhile", async () => {
  const metrics = createMetrics("storage", "1");
  const first = metrics.page();
  // Vitest fails a test with a rejection that has no handler.
  metrics.count("pixelmesh_durable_writes_total", { what: "put" });
  await expect(first).rejects.toThrow("no file handle");
  const { text } = await metrics.page();
  expect(text).toContain('pixelmesh_durable_writes_total{what="put"} 1');
  await metrics.page();
  expect(opened.count).toBe(2);
});
