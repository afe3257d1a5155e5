/** The line between two pictures. It is dragged, or moved by the arrow keys. `share` is its place: 0 left, 1 right. */
export function Divider({ share, onChange }: { readonly share: number; readonly onChange: (share: number) => void }) {
  const set = (value: number) => onChange(Math.min(1, Math.max(0, value)));
  const onKeyDown = (event: KeyboardEvent) => {
    const next = { ArrowLeft: share - 0.05, ArrowRight: share + 0.05, Home: 0, End: 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    set(next);
  };
  return (
    <div
      class="divider"
      role="slider"
      tabIndex={0}
      aria-label="Line between before and after"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      style={{ left: `${share * 100}%` }}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        const box = event.currentTarget.parentElement?.getBoundingClientRect();
        if (!box || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
        event.stopPropagation();
        set((event.clientX - box.x) / box.width);
      }}
    />
  );
}
