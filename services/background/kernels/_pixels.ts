/** Lays a sample of 8 bits on white. Exact rounding of `(sample * own + 255 * (255 - own)) / 255`. */
@inline
export function toOpaque(sample: i32, own: i32): i32 {
  const sum = sample * own + 255 * (255 - own) + 128;
  return (sum + (sum >> 8)) >> 8;
}
