export { createReplay, type Replayed } from "./replay.ts";
