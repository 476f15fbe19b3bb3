import { Heap, bySeq } from './heap.js';
import { sessionCannotBeLocked, sessionLockLost, timedOut } from './errors.js';

// The sessions of one queue. A session exists while it has a message, a state or a holder. Sessions that
// can be had lie in a heap by their oldest available message; entries in it may be out of date and are
// then thrown away, so that no step looks at more than a few sessions.
export class Sessions {
  #queue;
  #byId = new Map();
  #free = new Heap(bySeq);
  #waiting = new Set();

  constructor(queue) {
    this.#queue = queue;
  }

  clear() {
    for (const s of this.#byId.values()) {
      s.ready = new Heap(bySeq);
      s.count = 0;
      s.state = null;
      s.hold?.locks.clear();
      if (!s.hold) this.#byId.delete(s.id);
    }
    this.#free = new Heap(bySeq);
  }

  get(id) {
    return this.#byId.get(id);
  }

  // The hold on a session, or a refusal when nobody, or somebody else than the named link, has it.
  held(id, linkName) {
    const hold = this.#byId.get(id)?.hold;
    if (!hold || (linkName && hold.consumer.linkName !== linkName)) {
      throw sessionLockLost(`The session lock on '${id}' has expired. Accept the session again.`);
    }
    return hold;
  }

  // The hold of the link with this name.
  heldBy(linkName) {
    for (const { hold } of this.#byId.values()) if (hold && hold.consumer.linkName === linkName) return hold;
    throw sessionLockLost(`The link '${linkName}' holds no session.`);
  }

  // A message has become available.
  offer(m) {
    const s = this.#open(m.content.sessionId);
    if (!m.counted) {
      m.counted = true;
      s.count++;
    }
    s.ready.push(m);
    if (s.hold) this.pump(s.hold);
    else this.#announce(s);
  }

  // A message has left the queue.
  left(m) {
    if (!m.counted) return;
    m.counted = false;
    const s = this.#byId.get(m.content.sessionId);
    if (!s) return;
    s.count--;
    this.#forget(s);
  }

  pump(hold) {
    const { session, consumer } = hold;
    for (let m = this.#queue.head(session.ready); m && consumer.wants() > 0; m = this.#queue.head(session.ready)) {
      session.ready.pop();
      this.#queue.hand(m, consumer, hold);
    }
  }

  // Locks the named session for the consumer; a session that has no message yet can be locked as well.
  accept(id, consumer) {
    const s = this.#open(id);
    if (s.hold) throw sessionCannotBeLocked(`The requested session '${id}' cannot be accepted. It may be locked by another receiver.`);
    return this.#hold(s, consumer);
  }

  // Locks the free session whose oldest message is the oldest, now or when one becomes free; calls
  // `granted(hold)` or, after the wait (ms), `refused(error)`. Returns a function that ends the waiting.
  acceptNext(consumer, wait, granted, refused) {
    const s = this.#nextFree();
    if (s) {
      granted(this.#hold(s, consumer));
      return () => {};
    }
    const waiter = { consumer, granted, alarm: null };
    const stop = () => {
      this.#waiting.delete(waiter);
      this.#queue.timeline.cancel(waiter.alarm);
    };
    waiter.stop = stop;
    waiter.alarm = this.#queue.timeline.add(this.#queue.timeline.now() + wait, () => {
      stop();
      refused(timedOut(`No session of '${this.#queue.path}' became available within ${Math.round(wait)} ms.`));
    });
    this.#waiting.add(waiter);
    return stop;
  }

  renew(hold) {
    hold.until = this.#queue.timeline.now() + this.#queue.options.lockDuration;
    return hold.until;
  }

  // The holder has gone: its messages are available again, uncounted.
  close(hold) {
    this.#end(hold, (lock) => this.#queue.release(lock));
  }

  setState(hold, state) {
    hold.session.state = state;
    hold.session.stateAt = this.#queue.timeline.now();
  }

  // Ids of sessions with messages or a state; with `since` (ms) those whose state changed after it.
  list(since) {
    const out = [];
    for (const s of this.#byId.values()) {
      if (since === undefined ? s.count > 0 || s.state : s.state && s.stateAt > since) out.push(s.id);
    }
    return out;
  }

  #open(id) {
    let s = this.#byId.get(id);
    if (!s) {
      s = { id, ready: new Heap(bySeq), hold: null, state: null, stateAt: 0, count: 0, entry: null };
      this.#byId.set(id, s);
    }
    return s;
  }

  #hold(s, consumer) {
    const hold = { session: s, consumer, until: this.#queue.timeline.now() + this.#queue.options.lockDuration, locks: new Set(), alarm: null };
    s.hold = hold;
    s.entry = null;
    this.#watch(hold);
    return hold;
  }

  // One appointment per hold, moved only when it rings: renewals cost nothing.
  #watch(hold) {
    hold.alarm = this.#queue.timeline.add(hold.until, () => {
      if (hold.session.hold !== hold) return;
      if (hold.until > this.#queue.timeline.now()) this.#watch(hold);
      else this.#lose(hold);
    });
  }

  // Every held session is lost, as if its lock had run out.
  expire() {
    for (const { hold } of [...this.#byId.values()]) if (hold) this.#lose(hold);
  }

  #lose(hold) {
    this.#queue.log.note('session-lock-expired', this.#queue.path, hold.session.id);
    const { consumer } = hold;
    this.#end(hold, (lock) => this.#queue.fail(lock));
    consumer.lost(sessionLockLost(`The session lock on '${hold.session.id}' has expired.`));
  }

  // While `giveBack` runs the session counts as held by nobody and is not offered, so that it is given
  // to the next holder as a whole.
  #end(hold, giveBack) {
    const s = hold.session;
    if (s.hold !== hold) return;
    this.#queue.timeline.cancel(hold.alarm);
    hold.consumer = NOBODY;
    for (const lock of [...hold.locks]) giveBack(lock);
    s.hold = null;
    if (this.#byId.get(s.id) === s) {
      this.#announce(s);
      this.#forget(s);
    }
  }

  #announce(s) {
    const head = this.#queue.head(s.ready);
    if (!head) return;
    const [waiter] = this.#waiting;
    if (waiter) {
      waiter.stop();
      waiter.granted(this.#hold(s, waiter.consumer));
    } else if (!s.entry || s.entry.seq !== head.seq) {
      s.entry = { seq: head.seq, session: s };
      this.#free.push(s.entry);
    }
  }

  #nextFree() {
    for (let entry = this.#free.pop(); entry; entry = this.#free.pop()) {
      const s = entry.session;
      if (s.entry !== entry) continue;
      s.entry = null;
      const head = this.#queue.head(s.ready);
      if (!head) continue;
      if (head.seq === entry.seq) return s;
      this.#announce(s); // its oldest message has expired: it stands further back now
    }
    return null;
  }

  #forget(s) {
    if (s.count === 0 && !s.state && !s.hold) this.#byId.delete(s.id);
  }
}

const NOBODY = { wants: () => 0 };
