import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(16 * 256);
let used = pool.length;

// A new lock token: 16 random bytes in the order of RFC 4122.
export function newToken() {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const token = Buffer.from(pool.subarray(used, used + 16));
  used += 16;
  return token;
}

// A delivery's tag is the lock token as .NET writes a GUID: the first three groups little-endian.
export function deliveryTag(token) {
  const tag = Buffer.from(token);
  tag.subarray(0, 4).reverse();
  tag.subarray(4, 6).reverse();
  tag.subarray(6, 8).reverse();
  return tag;
}

export const tokenKey = (token) => token.toString('hex');

// .NET ticks (100 ns since year 1) of a time in ms, as the 8 bytes of an AMQP long: more than a
// JavaScript number holds exactly.
export function ticks(ms) {
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(BigInt(Math.round(ms)) * 10000n + 621355968000000000n);
  return out;
}
