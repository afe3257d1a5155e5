/** How a picture is looked at: `scale` 1 fits it into the viewer; `x` and `y` move it, in px of the viewer. */
export type View = { readonly scale: number; readonly x: number; readonly y: number };

/** The whole picture. */
export const wholeView: View = { scale: 1, x: 0, y: 0 };

const maxScale = 32;

/** Returns the view after a zoom by `factor` that keeps the point (`atX`, `atY`) in place; the point is in px from the centre of the viewer. */
export function zoomAt(view: View, factor: number, atX: number, atY: number, size: ViewSize): View {
  const scale = Math.min(maxScale, Math.max(1, view.scale * factor));
  const ratio = scale / view.scale;
  return clampView({ scale, x: atX - (atX - view.x) * ratio, y: atY - (atY - view.y) * ratio }, size);
}

/** Returns the view after a move by px. */
export function panBy(view: View, byX: number, byY: number, size: ViewSize): View {
  return clampView({ ...view, x: view.x + byX, y: view.y + byY }, size);
}

/** Size of the viewer, in px. */
export type ViewSize = { readonly widthPx: number; readonly heightPx: number };

/** The picture always covers the viewer: it moves at most by half of what lies outside. */
function clampView({ scale, x, y }: View, { widthPx, heightPx }: ViewSize): View {
  const clamp = (value: number, limit: number) => Math.min(limit, Math.max(-limit, value)) || 0;
  return { scale, x: clamp(x, ((scale - 1) * widthPx) / 2), y: clamp(y, ((scale - 1) * heightPx) / 2) };
}
