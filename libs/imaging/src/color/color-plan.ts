/** How a picture's colours become sRGB. */
export type ColorPlan = {
  /** What is decoded: the file, or a copy with a profile that says in libvips' terms what the file says in others. */
  readonly bytes: Uint8Array;
  /** The bytes have a profile that is applied; one that they have otherwise is ignored. */
  readonly hasProfile: boolean;
  /** The profile's curve is close enough to sRGB's that samples of 16 bits lose nothing by becoming 8 bits first. */
  readonly isShallow?: boolean;
  /** A profile for RGB by which 16-bit grey is converted, since libvips applies none to it. */
  readonly deepGrey?: Uint8Array;
  /** A profile for the decoded pixels, where alpha has to be divided out of them first. */
  readonly afterwards?: Uint8Array;
  /** What was done, or could not be done. */
  readonly notice?: ColorNotice;
};

/** A notice on colours. */
export type ColorNotice = { readonly kind: "color_profile" | "tone_mapped"; readonly text: string };

/** A notice that colours were converted, or that they could not be. */
export function colorNotice(text: string): ColorNotice {
  return { kind: "color_profile", text };
}
