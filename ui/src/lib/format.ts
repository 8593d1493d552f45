/** Numbers and times, as the window writes them. Times are milliseconds since 1970, durations milliseconds. */

const timeOfDay = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const hourAndMinute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "long" });
const dayOfYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const grouped = new Intl.NumberFormat("en-US");
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const tenths = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
const plurals = new Intl.PluralRules("en", { type: "ordinal" });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KIBI = 1024;

/** `14:02:07`. */
export const clockTime = (ms: number): string => timeOfDay.format(ms);

/** `22 Nov 2026, 14:02:07`. */
export const exactTime = (ms: number): string => full.format(ms);

/** `at 16:40`, `tomorrow at 09:10`, `on Tuesday at 14:00`, `on 12 December at 14:00`. */
export function resetTime(ms: number, now: number): string {
  const at = `at ${hourAndMinute.format(ms)}`;
  const midnight = new Date(now).setHours(24, 0, 0, 0);
  if (ms < midnight) return at;
  if (ms < midnight + DAY) return `tomorrow ${at}`;
  return `on ${(ms < midnight + 6 * DAY ? weekday : dayOfYear).format(ms)} ${at}`;
}

/** `just now`, `2 min ago`. */
export function ago(ms: number, now: number): string {
  const passed = now - ms;
  if (passed < 10_000) return "just now";
  if (passed < MINUTE) return `${Math.floor(passed / 1000)} s ago`;
  return `${span(passed)} ago`;
}

/** `2 h 14 min`: how long until then, and at least a minute. */
export const until = (ms: number, now: number): string => span(Math.max(ms - now, MINUTE));

/** `412 ms`, `1.2 s`, `34 s`, `2 min 5 s`, `20 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / 1000)} s`;
  return pair(Math.floor(ms / MINUTE), "min", Math.floor((ms % MINUTE) / 1000), "s");
}

/** `1,234`. */
export const count = (n: number): string => grouped.format(n);

/** `12.3K`. */
export const compact = (n: number): string => short.format(n);

/** `1 request`, `3 requests`. */
export const plural = (n: number, one: string): string => `${count(n)} ${n === 1 ? one : `${one}s`}`;

/** `2nd`. */
export function ordinal(n: number): string {
  const endings: { [rule: string]: string } = { one: "st", two: "nd", few: "rd", other: "th" };
  return `${n}${endings[plurals.select(n)]}`;
}

/** `812 B`, `3.9 KiB`, `128 MiB`. */
export function bytes(n: number): string {
  if (n < KIBI) return `${n} B`;
  const [size, unit] = n < KIBI * KIBI ? [n / KIBI, "KiB"] : [n / (KIBI * KIBI), "MiB"];
  return `${tenths.format(size)} ${unit}`;
}

/** `0.169` of `0.169.0`. */
export const shortVersion = (version: string): string => version.replace(/^(\d+\.\d+)\.0$/, "$1");

/** `3 min`, `2 h 14 min`, `4 days 2 h`. */
function span(ms: number): string {
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return pair(Math.floor(ms / HOUR), "h", Math.floor((ms % HOUR) / MINUTE), "min");
  const days = Math.floor(ms / DAY);
  return pair(days, days === 1 ? "day" : "days", Math.floor((ms % DAY) / HOUR), "h");
}

function pair(a: number, unit: string, b: number, smaller: string): string {
  return b === 0 ? `${a} ${unit}` : `${a} ${unit} ${b} ${smaller}`;
}
