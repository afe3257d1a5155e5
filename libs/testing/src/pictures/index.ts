export { type Bomb, bombs, fourPixels, png, pngChunk } from "./bombs.ts";
