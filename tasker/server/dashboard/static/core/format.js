// Numbers, lengths of time and instants as people read them.

const NARROW = "\u202f";
const ABSENT = "–";

/** 1234567 as 1 234 567. */
export function count(value) {
  if (value === null || value === undefined) return ABSENT;
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, NARROW);
}

/** A number with three digits that matter. */
export function number(value) {
  if (value === null || value === undefined) return ABSENT;
  if (value >= 100 || Number.isInteger(value)) return count(value);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A share, 0 to 1, as a percentage. */
export function percent(share) {
  if (share === null || share === undefined) return ABSENT;
  const hundredths = share * 100;
  const digits = hundredths === 0 || hundredths === 100 || (hundredths >= 10 && hundredths < 99) ? 0 : 1;
  return `${hundredths.toFixed(digits)}${NARROW}%`;
}

/** Seconds as 3 ms, 1.25 s, 4 min 10 s, 2 h 5 min, 3 d 4 h. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return ABSENT;
  const s = Math.max(0, seconds);
  if (s === 0) return `0${NARROW}s`;
  if (s < 0.001) return `<1${NARROW}ms`;
  if (s < 0.9995) return `${Math.round(s * 1000)}${NARROW}ms`;
  if (s < 9.995) return `${s.toFixed(2)}${NARROW}s`;
  if (s < 59.95) return `${s.toFixed(1)}${NARROW}s`;
  if (s < 3599.5) return two(Math.round(s), 60, "min", "s");
  if (s < 86_370) return two(Math.round(s / 60), 60, "h", "min");
  return two(Math.round(s / 3600), 24, "d", "h");
}

function two(value, base, large, small) {
  const rest = value % base;
  const head = `${Math.floor(value / base)}${NARROW}${large}`;
  return rest ? `${head} ${rest}${NARROW}${small}` : head;
}

/** An instant relative to now: 5 s ago, in 2 min. */
export function relative(at, now = Date.now()) {
  const seconds = (now - at) / 1000;
  const size = Math.abs(seconds);
  if (size < 2) return "just now";
  const text = coarse(size);
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

function coarse(seconds) {
  for (const [unit, length, until] of [["s", 1, 90], ["min", 60, 5400], ["h", 3600, 129_600]]) {
    if (seconds < until) return `${Math.round(seconds / length)}${NARROW}${unit}`;
  }
  return `${Math.round(seconds / 86_400)}${NARROW}d`;
}

/** An instant in full, in the time zone of the browser. */
export function exact(at) {
  const date = new Date(at);
  const pad = (value, digits = 2) => String(value).padStart(digits, "0");
  const offset = -date.getTimezoneOffset();
  const zone = offset === 0 ? "UTC" : `UTC${offset < 0 ? "−" : "+"}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
  return (
    `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
    `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)} ${zone}`
  );
}

/** The time of day, for axes. */
export function clock(at) {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

/** 1 step, 2 steps. */
export function counted(value, word, plural = `${word}s`) {
  return `${count(value)} ${value === 1 ? word : plural}`;
}

/** The end of an id, which is what tells tasks of the same time apart. */
export function shortId(id) {
  return id.slice(-8);
}

/** The last part of a dotted name. */
export function tail(name) {
  return name.slice(name.lastIndexOf(".") + 1);
}
