/** How a picture's colours are converted to sRGB. */
export type ColorPlan = {
  /** The bytes to decode: the file, or a copy with a profile that states the file's declared colours. */
  readonly bytes: Uint8Array;
  /** Whether the profile in `bytes` is applied; else it is ignored. */
  readonly hasProfile: boolean;
  /** The profile's curve is so close to sRGB's that 16-bit samples lose nothing by conversion to 8 bits first. */
  readonly isShallow?: boolean;
  /** An RGB profile to convert 16-bit grey with, because libvips applies none to it. */
  readonly deepGrey?: Uint8Array;
  /** A profile for the decoded pixels, to be applied after alpha was divided out of them. */
  readonly afterwards?: Uint8Array;
  /** The conversion that was done or could not be done. */
  readonly notice?: ColorNotice;
};

/** A notice on colours. */
export type ColorNotice = { readonly kind: "color_profile" | "tone_mapped"; readonly text: string };

/** Returns a notice that colours were converted, or could not be. */
export function colorNotice(text: string): ColorNotice {
  return { kind: "color_profile", text };
}
