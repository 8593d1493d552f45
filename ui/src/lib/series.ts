import type { RequestView } from "./ipc";

/** One figure over time, oldest first; `null` where there is nothing to say. */
export type Series = (number | null)[];

export interface Trends {
  /** Requests in each minute. */
  requests: Series;
  /** The median duration in each minute, in milliseconds. */
  latency: Series;
  /** Tokens, in and out, in each minute. */
  tokens: Series;
}

const MINUTE = 60_000;

/** The last `minutes` minutes of requests that are given oldest first. */
export function trends(views: RequestView[], now: number, minutes: number): Trends {
  const buckets: RequestView[][] = Array.from({ length: minutes }, () => []);
  for (let i = views.length - 1; i >= 0; i--) {
    const view = views[i];
    if (!view) break;
    const back = Math.floor((now - view.record.time_ms) / MINUTE);
    if (back >= minutes) break;
    buckets[minutes - 1 - Math.max(back, 0)]?.push(view);
  }
  return {
    requests: buckets.map((bucket) => bucket.length),
    latency: buckets.map((bucket) => median(bucket.map((view) => view.record.duration_ms))),
    tokens: buckets.map((bucket) =>
      bucket.reduce((sum, { record: { tokens } }) => sum + (tokens ? tokens.input + tokens.output : 0), 0),
    ),
  };
}

/** The newest figure that there is. */
export const latest = (series: Series): number | null => series.findLast((value) => value !== null) ?? null;

/** An SVG path through the figures that exist, in a box of `width` by `height`. */
export function pathOf(series: Series, width: number, height: number): string {
  const top = Math.max(...series.map((value) => value ?? 0), 1);
  const step = width / Math.max(series.length - 1, 1);
  const points = series.flatMap((value, i) =>
    value === null ? [] : [`${(i * step).toFixed(1)} ${(height - (value / top) * height).toFixed(1)}`],
  );
  // A single figure still shows, as a dot of the line's round cap.
  return points.length === 0 ? "" : `M${points.join("L")}${points.length === 1 ? "h0" : ""}`;
}

function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
