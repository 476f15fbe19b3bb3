// Carries out a disposition on a lock that is still valid, whether it came on the link or by $management.
export function settle(queue, lock, { operation, items = [], reason, description }) {
  queue.log.add(operation, lock.message, { reason, description });
  switch (operation) {
    case 'complete':
      return queue.complete(lock);
    case 'release':
      return queue.release(lock, items);
    case 'abandon':
      return queue.fail(lock, items);
    case 'defer':
      return queue.defer(lock, items);
    case 'dead-letter':
      return queue.deadLetter(lock, reason, description, items);
    default:
      throw new Error(`unknown disposition ${operation}`);
  }
}
