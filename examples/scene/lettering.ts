// A stroke font of our own on a grid of 4 by 6: each letter is lines through points "xy", parted by "/".
const strokes: Readonly<Record<string, string>> = {
  A: "00 26 40/12 32",
  B: "00 06 36 45 44 33 03/33 42 41 30 00",
  C: "45 36 16 05 01 10 30 41",
  D: "00 06 26 44 42 20 00",
  E: "46 06 00 40/03 33",
  F: "46 06 00/03 33",
  G: "45 36 16 05 01 10 30 41 43 23",
  H: "00 06/40 46/03 43",
  I: "16 36/26 20/10 30",
  J: "46 41 30 10 01",
  K: "00 06/46 03 40",
  L: "06 00 40",
  M: "00 06 23 46 40",
  N: "00 06 40 46",
  O: "01 05 16 36 45 41 30 10 01",
  P: "00 06 36 45 44 33 03",
  R: "00 06 36 45 44 33 03/23 40",
  S: "45 36 16 05 04 13 33 42 41 30 10 01",
  T: "06 46/26 20",
  U: "06 01 10 30 41 46",
  V: "06 20 46",
  W: "06 10 23 30 46",
  X: "00 46/06 40",
  Y: "06 23 46/23 20",
  Z: "06 46 00 40",
  "0": "01 05 16 36 45 41 30 10 01/12 34",
  "1": "05 26 20/10 30",
  "2": "05 16 36 45 44 00 40",
  "4": "30 36 02 42",
  "6": "45 36 16 05 01 10 30 41 42 33 03",
  "-": "13 33",
};

type Line = readonly [x1: number, y1: number, x2: number, y2: number];

const ADVANCE = 5.4;

/** How much ink is at a point, 0 to 1, of a text whose letters are `heightUnits` high, centred on the origin. */
export function lettering(text: string, heightUnits: number, boldness = 0.55): (x: number, y: number) => number {
  const unit = heightUnits / 6;
  const width = text.length * ADVANCE - (ADVANCE - 4);
  const letters = [...text].map((letter) => linesOf(strokes[letter] ?? ""));
  return (x, y) => {
    const gridX = x / unit + width / 2;
    const gridY = y / unit + 3;
    if (gridY < -1 || gridY > 7) return 0;
    let distance = Number.POSITIVE_INFINITY;
    const middle = Math.floor(gridX / ADVANCE);
    for (let index = Math.max(0, middle - 1); index <= Math.min(letters.length - 1, middle + 1); index++) {
      for (const line of letters[index] ?? [])
        distance = Math.min(distance, distanceTo(line, gridX - index * ADVANCE, gridY));
    }
    return distance < boldness ? 1 : 0;
  };
}

function linesOf(code: string): Line[] {
  return code.split("/").flatMap((stroke) => {
    const points = stroke.split(" ").map((point) => [Number(point[0]), Number(point[1])] as const);
    return points.slice(1).map((point, index): Line => [points[index]![0], points[index]![1], point[0], point[1]]);
  });
}

function distanceTo([x1, y1, x2, y2]: Line, x: number, y: number): number {
  const dx = x2 - x1;
  const dy = y2 - y1;
  const t = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}
