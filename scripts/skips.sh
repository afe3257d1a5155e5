# Sourced by checks that skip what cannot be had: `check` is the name of the check. A skipped part is named loudly and counted in the last line.
skipped=()
skip() {
  skipped+=("$1")
  printf '\n%s: SKIPPED %s\n\n' "$check" "$1"
}
tell_skips() {
  printf '\n%s: done in %d s, %d skipped\n' "$check" "$SECONDS" "${#skipped[@]}"
  [ ${#skipped[@]} -eq 0 ] || printf "$check: skipped %s\n" "${skipped[@]}"
}
