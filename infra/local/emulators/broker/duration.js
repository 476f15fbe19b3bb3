const PATTERN = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const GO_UNITS = { h: 3600e3, m: 60e3, s: 1e3, ms: 1 };

// Milliseconds of an ISO 8601 duration with days, hours, minutes and seconds, as queue settings use it.
export function isoDuration(text) {
  const match = PATTERN.exec(text);
  if (!match || match[0] === 'P' || text.endsWith('T')) throw new Error(`${JSON.stringify(text)} is not a duration such as "PT1M" or "P14D"`);
  const [, days, hours, minutes, seconds] = match.map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

// Milliseconds of a Go duration ("73h", "1h30m", "200ms"), as the control interface uses it.
export function goDuration(text) {
  const ok = typeof text === 'string' && /^(\d+(\.\d+)?(ms|h|m|s))+$/.test(text);
  if (!ok) throw new Error(`${JSON.stringify(text)} is not a duration such as "73h", "90s" or "200ms"`);
  let sum = 0;
  for (const [, n, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) sum += Number(n) * GO_UNITS[unit];
  return sum;
}
