import { drawOn, type Terminal } from "../io.ts";

/** A terminal that is drawn on. */
export type Screen = {
  draw(lines: readonly string[]): void;
  size(): { readonly columns: number; readonly rows: number };
  /** Gives the terminal back as it was; repeating it is harmless. */
  close(): void;
};

// xterm's control sequences: another screen without a cursor and back; home; to the end of the line; of the screen.
const [enter, leave] = ["\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"];
const [home, clearLine, clearBelow] = ["\x1b[H", "\x1b[K", "\x1b[J"];

/** Draws on the terminal's second screen, so that what was on it is there again afterwards. */
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
