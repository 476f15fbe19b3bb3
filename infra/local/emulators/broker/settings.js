import { readFileSync } from 'node:fs';
import { isoDuration } from './duration.js';
import { onlyMembers } from './faults.js';

const MEMBERS = ['name', 'requiresSession', 'lockDuration', 'maxDeliveryCount', 'ttl', 'deadLetteringOnMessageExpiration'];

// Queue settings from a JSON text or the file of that name:
// [{"name", "requiresSession", "lockDuration": "PT1M", "maxDeliveryCount": 10, "ttl": "P14D"}].
// Throws one line that says which queue is wrong and how.
export function readQueues(source) {
  const list = JSON.parse(source.trimStart().startsWith('[') ? source : readFileSync(source, 'utf8'));
  return list.map((entry, i) => {
    try {
      return readQueue(entry);
    } catch (e) {
      throw new Error(`queue ${entry?.name ?? i + 1}: ${e.message}`);
    }
  });
}

function readQueue(entry) {
  onlyMembers(entry, MEMBERS);
  const { name, requiresSession = false, lockDuration = 'PT1M', maxDeliveryCount = 10, ttl, deadLetteringOnMessageExpiration = false } = entry;
  if (typeof name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._/-]{0,259}$/.test(name)) throw new Error(`name ${JSON.stringify(name)} is not a queue name`);
  if (!Number.isInteger(maxDeliveryCount) || maxDeliveryCount < 1) throw new Error(`maxDeliveryCount ${maxDeliveryCount}: use a whole number from 1`);
  return {
    name, requiresSession, maxDeliveryCount, deadLetteringOnMessageExpiration,
    lockDuration: isoDuration(lockDuration), ttl: ttl === undefined ? Infinity : isoDuration(ttl),
  };
}
