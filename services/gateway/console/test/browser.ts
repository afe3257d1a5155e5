import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** A page of the console, and the faults that it has had: broken policies, errors, requests to other places. */
export type ConsolePage = { readonly page: Page; readonly faults: string[] };

/** How a page is opened. Widths and heights in CSS px. */
export type PageOptions = {
  readonly theme?: "light" | "dark";
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly reducedMotion?: boolean;
};

/** A real browser that opens pages of one console. */
export type ConsoleBrowser = {
  /** Opens a page and closes the one before. */
  open(hash?: string, options?: PageOptions): Promise<ConsolePage>;
  [Symbol.asyncDispose](): Promise<void>;
};

const shotsDir = "out/console";

/** Starts the browser that PIXELMESH_CHROMIUM names. `origin` is the address of the gateway. */
export async function startBrowser(origin: string): Promise<ConsoleBrowser> {
  const executablePath = process.env.PIXELMESH_CHROMIUM;
  if (!executablePath) throw new Error("Expected PIXELMESH_CHROMIUM to name a Chromium; run: make check-console");
  const browser: Browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const contexts: BrowserContext[] = [];
  return {
    async open(hash = "", { theme = "light", widthPx = 1280, heightPx = 900, reducedMotion = false } = {}) {
      // The page before would go on asking the mesh.
      for (const old of contexts.splice(0)) await old.close();
      const context = await browser.newContext({
        colorScheme: theme,
        reducedMotion: reducedMotion ? "reduce" : "no-preference",
        viewport: { width: widthPx, height: heightPx },
        permissions: ["clipboard-read", "clipboard-write"],
        acceptDownloads: true,
      });
      contexts.push(context);
      const page = await context.newPage();
      const faults = collectFaults(page, origin);
      await page.goto(`${origin}/${hash}`);
      return { page, faults };
    },
    async [Symbol.asyncDispose]() {
      for (const context of contexts) await context.close();
      await browser.close();
    },
  };
}

function collectFaults(page: Page, origin: string): string[] {
  const faults: string[] = [];
  page.on("console", (message) => {
    if (/Content Security Policy|violat/i.test(message.text())) faults.push(`policy: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(blob|data):/.test(url)) faults.push(`request to ${url}`);
  });
  return faults;
}

/** Keeps a picture of the page in out/console. */
export async function keepShot({ page }: ConsolePage, name: string, fullPage = true): Promise<void> {
  await mkdir(shotsDir, { recursive: true });
  await page.screenshot({ path: join(shotsDir, `${name}.png`), fullPage });
}
