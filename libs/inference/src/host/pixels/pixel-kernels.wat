;; Kernels that convert the float samples of a model's output to bytes, 16 at a time, with 128-bit vectors.
;; `PixelKernels` in pixel-kernels.ts describes the functions. After a change run: node scripts/build-wasm.ts
;;
;; Each block below converts four floats. WebAssembly's text format has no macros, so the block is repeated:
;; 1. It loads the floats and updates the facts. pmin and pmax keep their first operand if the second is NaN,
;;    so that NaN changes neither bound. `sound` keeps all bits of a lane set as long as the lane had no NaN.
;; 2. It clamps the floats to 0 to 255 / scale. NaN becomes 0.
;; 3. It multiplies them by the scale as doubles, and rounds half up. Added to 2^52, a double has no bits left for
;;    a fraction and is rounded to even. A float times 255 is either a tie or farther from one than 2^-33, so adding
;;    2^-40 before makes ties, and only ties, round up. The integers are in the low words of the doubles.
(module
  (import "host" "memory" (memory 1))

  (func (export "toBytes") (param $from i32) (param $count i32) (param $to i32) (param $scale f64) (param $facts i32)
    (local $least v128) (local $most v128) (local $sound v128) (local $loaded v128) (local $scales v128)
    (local $tie v128) (local $magic v128) (local $zero v128) (local $top v128)

    (local.set $scales (f64x2.splat (local.get $scale)))
    (local.set $tie (f64x2.splat (f64.const 0x1p-40)))
    (local.set $magic (f64x2.splat (f64.const 0x1p52)))
    (local.set $top (f32x4.splat (f32.demote_f64 (f64.div (f64.const 255) (local.get $scale)))))
    (local.set $least (v128.load offset=0 align=1 (local.get $facts)))
    (local.set $most (v128.load offset=16 align=1 (local.get $facts)))
    (local.set $sound (v128.load offset=32 align=1 (local.get $facts)))

    (loop $next
      local.get $to
      (local.set $loaded (v128.load offset=0 align=1 (local.get $from)))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      (local.set $loaded (v128.load offset=16 align=1 (local.get $from)))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      i16x8.narrow_i32x4_s
      (local.set $loaded (v128.load offset=32 align=1 (local.get $from)))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      (local.set $loaded (v128.load offset=48 align=1 (local.get $from)))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      i16x8.narrow_i32x4_s
      i8x16.narrow_i16x8_u
      v128.store offset=0 align=1
      (local.set $from (i32.add (local.get $from) (i32.const 64)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br_if $next (local.tee $count (i32.add (local.get $count) (i32.const -16)))))

    (v128.store offset=0 align=1 (local.get $facts) (local.get $least))
    (v128.store offset=16 align=1 (local.get $facts) (local.get $most))
    (v128.store offset=32 align=1 (local.get $facts) (local.get $sound)))

  (func (export "toRgb")
    (param $from i32) (param $stride i32) (param $count i32) (param $to i32) (param $scale f64) (param $facts i32)
    (local $least v128) (local $most v128) (local $sound v128) (local $loaded v128) (local $scales v128)
    (local $tie v128) (local $magic v128) (local $zero v128) (local $top v128)
    (local $red v128) (local $green v128) (local $blue v128)

    (local.set $scales (f64x2.splat (local.get $scale)))
    (local.set $tie (f64x2.splat (f64.const 0x1p-40)))
    (local.set $magic (f64x2.splat (f64.const 0x1p52)))
    (local.set $top (f32x4.splat (f32.demote_f64 (f64.div (f64.const 255) (local.get $scale)))))
    (local.set $least (v128.load offset=0 align=1 (local.get $facts)))
    (local.set $most (v128.load offset=16 align=1 (local.get $facts)))
    (local.set $sound (v128.load offset=32 align=1 (local.get $facts)))

    (loop $next
      ;; The plane of red.
      (local.set $loaded (v128.load offset=0 align=1 (local.get $from)))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      (local.set $loaded (v128.load offset=16 align=1 (local.get $from)))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      i16x8.narrow_i32x4_s
      (local.set $loaded (v128.load offset=32 align=1 (local.get $from)))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      (local.set $loaded (v128.load offset=48 align=1 (local.get $from)))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      i16x8.narrow_i32x4_s
      i8x16.narrow_i16x8_u
      local.set $red

      ;; The plane of green.
      (local.set $loaded (v128.load offset=0 align=1 (i32.add (local.get $from) (local.get $stride))))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      (local.set $loaded (v128.load offset=16 align=1 (i32.add (local.get $from) (local.get $stride))))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      i16x8.narrow_i32x4_s
      (local.set $loaded (v128.load offset=32 align=1 (i32.add (local.get $from) (local.get $stride))))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      (local.set $loaded (v128.load offset=48 align=1 (i32.add (local.get $from) (local.get $stride))))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      i16x8.narrow_i32x4_s
      i8x16.narrow_i16x8_u
      local.set $green

      ;; The plane of blue.
      (local.set $loaded (v128.load offset=0 align=1 (i32.add (i32.add (local.get $from) (local.get $stride)) (local.get $stride))))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      (local.set $loaded (v128.load offset=16 align=1 (i32.add (i32.add (local.get $from) (local.get $stride)) (local.get $stride))))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      i16x8.narrow_i32x4_s
      (local.set $loaded (v128.load offset=32 align=1 (i32.add (i32.add (local.get $from) (local.get $stride)) (local.get $stride))))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      (local.set $loaded (v128.load offset=48 align=1 (i32.add (i32.add (local.get $from) (local.get $stride)) (local.get $stride))))
      (local.set $least (f32x4.pmin (local.get $least) (local.get $loaded)))
      (local.set $most (f32x4.pmax (local.get $most) (local.get $loaded)))
      (local.set $sound (v128.and (local.get $sound) (f32x4.eq (local.get $loaded) (local.get $loaded))))
      (local.set $loaded (f32x4.pmax (local.get $zero) (local.get $loaded)))
      (local.set $loaded (f32x4.pmin (local.get $top) (local.get $loaded)))
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $loaded))
          (local.get $scales)) (local.get $tie)) (local.get $magic))
        (f64x2.add (f64x2.add (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $loaded) (local.get $loaded)))
          (local.get $scales)) (local.get $tie)) (local.get $magic)))
      i16x8.narrow_i32x4_s
      i8x16.narrow_i16x8_u
      local.set $blue

      ;; Interleaves 16 bytes of each plane to 48 bytes: first red and green, then blue.
      (v128.store offset=0 align=1 (local.get $to)
        (i8x16.shuffle 0 1 16 3 4 17 6 7 18 9 10 19 12 13 20 15
          (i8x16.shuffle 0 16 0 1 17 0 2 18 0 3 19 0 4 20 0 5 (local.get $red) (local.get $green))
          (local.get $blue)))
      (v128.store offset=16 align=1 (local.get $to)
        (i8x16.shuffle 0 21 2 3 22 5 6 23 8 9 24 11 12 25 14 15
          (i8x16.shuffle 21 0 6 22 0 7 23 0 8 24 0 9 25 0 10 26 (local.get $red) (local.get $green))
          (local.get $blue)))
      (v128.store offset=32 align=1 (local.get $to)
        (i8x16.shuffle 26 1 2 27 4 5 28 7 8 29 10 11 30 13 14 31
          (i8x16.shuffle 0 11 27 0 12 28 0 13 29 0 14 30 0 15 31 0 (local.get $red) (local.get $green))
          (local.get $blue)))
      (local.set $from (i32.add (local.get $from) (i32.const 64)))
      (local.set $to (i32.add (local.get $to) (i32.const 48)))
      (br_if $next (local.tee $count (i32.add (local.get $count) (i32.const -16)))))

    (v128.store offset=0 align=1 (local.get $facts) (local.get $least))
    (v128.store offset=16 align=1 (local.get $facts) (local.get $most))
    (v128.store offset=32 align=1 (local.get $facts) (local.get $sound)))
)
