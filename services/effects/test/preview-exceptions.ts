/** An effect whose preview does not look like its full result shrunk to the same size. */
export type PreviewException = {
  readonly why: string;
  /** Lengths that stay whole pixels at each side of a mode, for a picture of 1600 px, and the least SSIM with them. */
  readonly closerWith?: { readonly settings: Readonly<Record<string, number>>; readonly leastSsim: number };
};

/** The only list of them, by name. */
export const previewExceptions: Readonly<Record<string, PreviewException>> = {
  crop: { why: "its part begins at a whole pixel, which in a preview may lie half a pixel aside" },
  dither: { why: "its dots are as small as the pixels, so shrinking turns those of the full result into tones" },
  edge_sketch: { why: "a smaller picture has steeper edges for their length, so a preview has more and darker lines" },
  halftone: {
    why: "dots of few pixels are drawn in whole pixels, of which a smaller picture has fewer",
    closerWith: { settings: { cell: 48 }, leastSsim: 0.9 },
  },
  jpeg_glitch: {
    why: "its blocks are 8 px wide at any size, and a smaller picture is another file, with other bytes to damage",
  },
  noise: {
    why: "its grain is as small as the pixels, so shrinking turns that of the full result into tones",
    closerWith: { settings: { size: 16 }, leastSsim: 0.95 },
  },
  outline: {
    why: "the margins of its canvas are whole pixels, so those of a preview are wider for their size",
    closerWith: { settings: { width: 48 }, leastSsim: 0.95 },
  },
  pixel_sort: { why: "it sorts runs of pixels, and a smaller picture has other runs" },
  pop_art: { why: "its dots and outlines are at least a pixel wide, and a smaller picture has steeper edges" },
  posterize: { why: "shrinking makes tones between its steps, and a preview has none" },
  retro_8bit: {
    why: "the side of a cell is rounded to whole pixels, so the cells of a preview lie elsewhere",
    closerWith: { settings: { pixel_size: 16 }, leastSsim: 0.9 },
  },
  shadow: {
    why: "its offset and the margins of its canvas are whole pixels, so those of a preview differ for their size",
    closerWith: { settings: { blur: 32, distance: 16, angle: 270 }, leastSsim: 0.95 },
  },
  threshold: { why: "shrinking makes greys between black and white, and a preview has none" },
};
