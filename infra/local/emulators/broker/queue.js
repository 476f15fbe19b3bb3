import { Heap, bySeq } from './heap.js';
import { Sessions } from './sessions.js';
import { newToken, tokenKey } from './tokens.js';
import { setApplicationProperties, typedString } from './codec.js';
import { messageLockLost, notAllowed, outOfRange, tooLarge } from './errors.js';

// Standard tier: 256 KB with all properties; ids at most 128 characters.
export const MAX_SIZE = 256 * 1024;
const MAX_ID = 128;

const ACTIVE = 0, DEFERRED = 1, SCHEDULED = 2; // the values of x-opt-message-state

// A queue, or (with `parent`) the dead-letter queue of one. It knows nothing of AMQP: consumers are
// handed messages by `consumer.deliver(message, lock)` and say by `consumer.wants()` how many they take.
export class Queue {
  constructor(options, timeline, log, parent = null) {
    this.path = parent ? `${parent.path}/$DeadLetterQueue` : options.name;
    this.options = options;
    this.timeline = timeline;
    this.log = log;
    this.parent = parent;
    this.deadLetters = parent ? null : new Queue(options, timeline, log, this);
    this.sessions = !parent && options.requiresSession ? new Sessions(this) : null;
    this.consumers = new Set();
    this.nextSeq = 1;
    this.clear();
  }

  // Drops all messages and session states. Links stay open; what they hold locked is lost.
  clear() {
    for (const m of this.messages?.values() ?? []) {
      m.gone = true;
      this.timeline.cancel(m.expiry);
      this.timeline.cancel(m.due);
    }
    this.messages = new Map(); // by sequence number, rising
    this.locks = new Map(); // by token
    this.ready = new Heap(bySeq);
    this.counts = { active: 0, locked: 0, scheduled: 0, deferred: 0 };
    this.sessions?.clear();
    this.deadLetters?.clear();
  }

  // Refuses what the service refuses; call for each message of a batch before accepting any.
  check(content) {
    if (content.size > MAX_SIZE) throw tooLarge(`The message of ${content.size} bytes is larger than the ${MAX_SIZE} that queue '${this.path}' allows.`);
    if (this.sessions && content.sessionId === undefined) {
      throw notAllowed(`The SessionId was not set on a message, and it cannot be sent to the entity '${this.path}', which requires sessions.`);
    }
    for (const [name, id] of [['MessageId', content.messageId], ['SessionId', content.sessionId]]) {
      if (typeof id === 'string' && id.length > MAX_ID) throw outOfRange(`${name} has ${id.length} characters, at most ${MAX_ID} are allowed.`);
    }
  }

  // Takes a message in; one with a scheduled time in the future waits for it. Returns the message.
  send(content) {
    content.ttl = Math.min(content.ttl, this.options.ttl);
    // The sender means the world's time; appointments are kept by the machine's.
    const due = content.scheduledFor - this.timeline.offset;
    if (due > this.timeline.now()) return this.#schedule(content, due);
    return this.#enqueue(content);
  }

  #schedule(content, due) {
    const m = this.#insert(content, SCHEDULED);
    this.counts.scheduled++;
    m.due = this.timeline.add(due, () => {
      // A scheduled message gets its place, and so a new number, when it becomes active.
      this.#drop(m);
      this.#enqueue(content);
    }, true);
    return m;
  }

  #enqueue(content) {
    const m = this.#insert(content, ACTIVE);
    if (content.ttl !== Infinity) m.expiry = this.timeline.add(this.timeline.now() + content.ttl, () => this.#expire(m), true);
    this.counts.active++;
    this.#offer(m);
    return m;
  }

  #insert(content, state) {
    const seq = this.nextSeq++;
    const m = { seq, content, state, enqueuedAt: this.timeline.worldNow(), failures: 0, lock: null, gone: false, expiry: null, due: null, queue: this };
    this.messages.set(seq, m);
    return m;
  }

  #offer(m) {
    if (this.sessions) return this.sessions.offer(m);
    this.ready.push(m);
    this.pump();
  }

  // Hands waiting messages to consumers in turn, oldest message first.
  pump() {
    for (let m = this.head(this.ready); m; m = this.head(this.ready)) {
      const consumer = this.#nextConsumer();
      if (!consumer) return;
      this.ready.pop();
      this.hand(m, consumer, null);
    }
  }

  #nextConsumer() {
    for (const c of this.consumers) {
      this.consumers.delete(c);
      if (c.wants() > 0) {
        this.consumers.add(c); // to the end: consumers take turns
        return c;
      }
    }
    return null;
  }

  // The first message of a heap that is still to be had; dead ones are thrown away.
  head(heap) {
    let m = heap.peek();
    while (m && (m.gone || m.state !== ACTIVE || m.lock)) {
      heap.pop();
      m = heap.peek();
    }
    return m;
  }

  // Gives one active message to a consumer, which holds it locked unless it receives and deletes.
  hand(m, consumer, hold) {
    this.log.add('receive', m, { status: 200 });
    if (consumer.destructive) {
      this.counts.active--;
      this.#drop(m, false);
      consumer.deliver(m, null);
      return;
    }
    consumer.deliver(m, this.#lock(m, hold));
  }

  #lock(m, hold) {
    const token = newToken();
    const until = hold ? hold.until : this.timeline.now() + this.options.lockDuration;
    const lock = { token, key: tokenKey(token), message: m, hold, until, alarm: null };
    this.#count(m, -1);
    this.counts.locked++;
    m.lock = lock;
    this.locks.set(lock.key, lock);
    if (hold) hold.locks.add(lock);
    else lock.alarm = this.timeline.add(until, () => this.#lockRanOut(lock));
    return lock;
  }

  #unlock(lock) {
    this.timeline.cancel(lock.alarm);
    this.locks.delete(lock.key);
    lock.hold?.locks.delete(lock);
    lock.message.lock = null;
    this.counts.locked--;
  }

  #lockRanOut(lock) {
    if (!this.valid(lock)) return;
    this.log.add('lock-expired', lock.message);
    this.fail(lock);
  }

  // Ends every lock as if its time had run out; returns how many messages were locked.
  expireLocks() {
    const locked = [...this.locks.values()];
    for (const lock of locked) if (!lock.hold) this.#lockRanOut(lock);
    this.sessions?.expire();
    return locked.length;
  }

  valid(lock) {
    return this.locks.get(lock.key) === lock;
  }

  // The lock of a token, or a refusal.
  lockOf(token) {
    const lock = this.locks.get(tokenKey(token));
    if (!lock) throw messageLockLost('The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.');
    return lock;
  }

  // Renews the lock of a message and returns the new end. Locks in a session are renewed with it.
  renew(lock) {
    if (lock.hold) throw notAllowed('The lock of a message in a session is renewed by renewing the session.');
    this.timeline.cancel(lock.alarm);
    lock.until = this.timeline.now() + this.options.lockDuration;
    lock.alarm = this.timeline.add(lock.until, () => this.#lockRanOut(lock));
    return lock.until;
  }

  complete(lock) {
    this.#unlock(lock);
    this.#drop(lock.message, false);
  }

  // An abandoned message or one whose lock ran out: counted, and dead-lettered when that was the last time.
  fail(lock, items = []) {
    const m = lock.message;
    m.failures++;
    if (!this.parent && m.failures >= this.options.maxDeliveryCount) {
      this.log.add('dead-letter', m, { reason: 'MaxDeliveryCountExceeded' });
      this.deadLetter(lock, 'MaxDeliveryCountExceeded', `Message could not be consumed after ${m.failures} delivery attempts.`, items);
      return;
    }
    this.release(lock, items);
  }

  // Gives a message back uncounted.
  release(lock, items = []) {
    const m = lock.message;
    this.#unlock(lock);
    if (items.length > 0) setApplicationProperties(m.content, items);
    this.#count(m, 1);
    if (m.expiry?.done) this.#expire(m);
    else if (m.state === ACTIVE) this.#offer(m);
  }

  defer(lock, items = []) {
    this.#unlock(lock);
    const m = lock.message;
    m.state = DEFERRED;
    setApplicationProperties(m.content, items);
    this.#count(m, 1);
  }

  deadLetter(lock, reason, description, items = []) {
    if (this.parent) throw notAllowed('A message in a dead-letter queue cannot be dead-lettered again.');
    this.#unlock(lock);
    this.#drop(lock.message, false);
    this.deadLetters.#takeDead(lock.message, reason, description, items);
  }

  #takeDead(old, reason, description, items) {
    const own = [];
    if (typeof reason === 'string') own.push(typedString('DeadLetterReason'), typedString(reason));
    if (typeof description === 'string') own.push(typedString('DeadLetterErrorDescription'), typedString(description));
    setApplicationProperties(old.content, items.concat(own));
    const m = { ...old, state: ACTIVE, gone: false, lock: null, expiry: null, due: null, queue: this };
    this.messages.set(m.seq, m);
    this.counts.active++;
    this.#offer(m);
  }

  // Locks deferred messages again, by number. All must be there, or none is locked.
  lockDeferred(numbers, hold) {
    const found = numbers.map((n) => this.messages.get(n));
    if (found.some((m) => !m || m.state !== DEFERRED || m.lock || (hold && m.content.sessionId !== hold.session.id))) return null;
    return found.map((m) => this.#lock(m, hold));
  }

  // Cancels scheduled messages, by number; false when one is not (or no longer) scheduled.
  cancelScheduled(numbers) {
    const found = numbers.map((n) => this.messages.get(n));
    if (found.some((m) => !m || m.state !== SCHEDULED)) return false;
    for (const m of found) {
      this.timeline.cancel(m.due);
      this.#drop(m);
    }
    return true;
  }

  *peek(from, sessionId) {
    for (const [seq, m] of this.messages) {
      if (seq >= from && (sessionId === undefined || m.content.sessionId === sessionId)) yield m;
    }
  }

  scheduledBefore(time) {
    let n = 0;
    if (this.counts.scheduled === 0) return 0;
    for (const m of this.messages.values()) if (m.state === SCHEDULED && m.due.at <= time) n++;
    return n;
  }

  // A locked or already expired message is looked at again when its lock ends.
  #expire(m) {
    if (m.gone || m.lock) return;
    this.log.add('expire', m);
    this.#count(m, -1);
    this.#drop(m, false);
    if (this.options.deadLetteringOnMessageExpiration) {
      this.deadLetters.#takeDead(m, 'TTLExpiredException', 'The message expired and was dead lettered.', []);
    }
  }

  #drop(m, counted = true) {
    if (counted) this.#count(m, -1);
    m.gone = true;
    this.timeline.cancel(m.expiry);
    this.messages.delete(m.seq);
    this.sessions?.left(m);
  }

  #count(m, by) {
    if (m.state === ACTIVE) this.counts.active += by;
    else if (m.state === DEFERRED) this.counts.deferred += by;
    else this.counts.scheduled += by;
  }
}
