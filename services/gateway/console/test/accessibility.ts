import axe from "axe-core";
import type { ConsolePage } from "./browser.ts";

/** Returns the serious and critical findings of axe-core on a page, as text. */
export async function seriousFindings({ page }: ConsolePage): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe: checker } = window as unknown as { axe: typeof import("axe-core") };
    const { violations } = await checker.run(document);
    return violations.map(({ id, impact, nodes }) => ({
      impact: impact ?? "",
      text: `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ""}`).join(" | ")}`,
    }));
  });
  return found.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ text }) => text);
}
