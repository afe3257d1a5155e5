import { allocatePlane, type Row, type StageContext } from "./rows.ts";

/** Addresses of planes of doubles for red, green and blue. They may be the same. */
export type ColorPlanes = readonly [red: number, green: number, blue: number];

/** Returns the function that writes planes of doubles as the colours of a row. */
export function createPlaneWriter({ space, shape, to }: StageContext): (planes: ColorPlanes, row: Row) => void {
  const { widthPx, channels } = shape;
  const { toBytePlane, interleaveBytes, interleaveFloats } = space.kernels;
  if (to === "floats") return ([red, green, blue], row) => interleaveFloats(red, green, blue, channels, widthPx, row);
  const bytes = [0, 1, 2].map(() => allocatePlane(space, widthPx, 1)) as [number, number, number];
  return (planes, row) => {
    const [red, green, blue] = planes.map((plane, c) => {
      const same = planes.indexOf(plane);
      if (same === c) toBytePlane(plane, widthPx, bytes[c] as number);
      return bytes[same];
    }) as [number, number, number];
    interleaveBytes(red, green, blue, channels, widthPx, row);
  };
}
