/** `make console-picture`: writes docs/images/console.png, a picture of the Try it page with the demo's result. Throws above 200 KB. */
import { mkdir, stat } from "node:fs/promises";
import sharp from "sharp";
import { startBrowser } from "./browser.ts";
import { startConsoleMesh } from "./console-mesh.ts";
import { givePictures, portrait } from "./pictures.ts";

const path = "docs/images/console.png";
const maxBytes = 200_000;

await using mesh = await startConsoleMesh();
await using browser = await startBrowser(mesh.origin);
const { page } = await browser.open("", { widthPx: 1280, heightPx: 860 });
await givePictures(page, "drop", [portrait]);
await page.getByRole("button", { name: "Use the demo's" }).click();
await page.getByRole("button", { name: "Run", exact: true }).click();
await page.getByRole("button", { name: "pop_art", exact: true }).click({ timeout: 120_000 });
await page.waitForFunction(() => document.querySelector<HTMLImageElement>('[data-testid="after"]')?.complete);
await page.getByRole("slider", { name: "Line between before and after" }).focus();
await page.locator(".announcements p").waitFor({ state: "detached" });
const shot = await page.screenshot();
await mkdir("docs/images", { recursive: true });
await sharp(shot).png({ palette: true, colours: 128, compressionLevel: 9 }).toFile(path);
const { size } = await stat(path);
if (size > maxBytes) throw new Error(`Expected ${path} to have at most ${maxBytes} bytes, got ${size}`);
