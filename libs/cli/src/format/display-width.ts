/** First and last code point of each block whose characters take two cells: East Asian Width W and F of Unicode. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

/** Returns the cells of the text on a terminal: 2 for East Asian wide characters and emoji, 0 for combining marks, else 1. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

/** Cuts the end of a text so that it fits into the cells, and appends `…` if it cut anything. */
export function fitStart(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  return cells < 1 ? "" : `${takeCells([...text], cells - 1).join("")}…`;
}

/** Cuts the beginning of a text so that it fits into the cells, and prepends `…` if it cut anything. */
export function fitEnd(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  return cells < 1
    ? ""
    : `…${takeCells([...text].reverse(), cells - 1)
        .reverse()
        .join("")}`;
}

/** Pads the text with spaces up to this many cells. */
export function padCells(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - displayWidth(text)));
}

function takeCells(characters: readonly string[], cells: number): string[] {
  const taken: string[] = [];
  let width = 0;
  for (const character of characters) {
    width += cellsOf(character);
    if (width > cells) break;
    taken.push(character);
  }
  return taken;
}

function cellsOf(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0) as number;
  if (code < 0x300) return 1;
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0;
  if (/^\p{Emoji_Presentation}$/u.test(character)) return 2;
  return wide.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
