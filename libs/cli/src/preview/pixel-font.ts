/** Size of a letter in pixels, with the space after it and below it. */
export const letterWidthPx = 6;
/** Height of a line in pixels, with descenders. */
export const letterHeightPx = 8;

/** Letters of 5 × 8 dots: five columns from left to right, each a byte with its lowest bit at the top. The last row is below the line. */
const glyphs: Readonly<Record<string, string>> = {
  a: "2054545478",
  b: "7f48444438",
  c: "3844444420",
  d: "384444487f",
  e: "3854545418",
  f: "087e090102",
  g: "18a4a49c78",
  h: "7f08040478",
  i: "00447d4000",
  j: "2040443d00",
  k: "7f10284400",
  l: "00417f4000",
  m: "7c04180478",
  n: "7c08040478",
  o: "3844444438",
  p: "fc18242418",
  q: "18242418fc",
  r: "7c08040408",
  s: "4854545420",
  t: "043f444020",
  u: "3c4040207c",
  v: "1c2040201c",
  w: "3c4030403c",
  x: "4428102844",
  y: "4c9090907c",
  z: "4464544c44",
  _: "4040404040",
  "-": "0808080808",
  ":": "0000240000",
  "0": "3e5149453e",
  "1": "00427f4000",
  "2": "4261514946",
  "3": "2141454b31",
  "4": "1814127f10",
  "5": "2745454539",
  "6": "3c4a494930",
  "7": "0171090503",
  "8": "3649494936",
  "9": "064949291e",
};

/**
 * Calls `setDot` with x and y of each dot of a text, from 0 at its left and top. Draws a-z, 0-9, _ and -, as names of effects have; other
 * characters stay blank. Our own letters, because a bare machine has no fonts, and libraries that draw text then draw nothing.
 */
export function drawText(text: string, setDot: (x: number, y: number) => void): void {
  for (const [index, character] of [...text.toLowerCase()].entries()) {
    const glyph = glyphs[character] ?? "";
    for (let column = 0; column * 2 < glyph.length; column += 1) {
      const bits = Number.parseInt(glyph.slice(column * 2, column * 2 + 2), 16);
      for (let y = 0; y < letterHeightPx; y += 1) if ((bits >> y) & 1) setDot(index * letterWidthPx + column, y);
    }
  }
}
