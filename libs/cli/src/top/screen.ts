import { drawOn, type Terminal } from "../io.ts";

/** A terminal screen that is redrawn. */
export type Screen = {
  draw(lines: readonly string[]): void;
  size(): { readonly columns: number; readonly rows: number };
  /** Restores the terminal; idempotent. */
  close(): void;
};

// xterm's control sequences: enter and leave the alternate screen without a cursor; home; clear to the end of the line; of the screen.
const [enter, leave] = ["\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"];
const [home, clearLine, clearBelow] = ["\x1b[H", "\x1b[K", "\x1b[J"];

/** Draws on the terminal's alternate screen, so that its content is restored afterwards. */
export function openScreen(stdout: Terminal, forced: AbortSignal): Screen {
  let isOpen = true;
  const close = () => {
    if (isOpen) drawOn(stdout, leave);
    isOpen = false;
    forced.removeEventListener("abort", close);
  };
  forced.addEventListener("abort", close);
  drawOn(stdout, enter);
  return {
    draw(lines) {
      if (isOpen) drawOn(stdout, `${home}${lines.map((line) => `${line}${clearLine}`).join("\r\n")}${clearBelow}`);
    },
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    close,
  };
}
