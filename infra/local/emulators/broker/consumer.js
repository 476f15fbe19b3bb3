import rhea from 'rhea';
import { deliveryTag, ticks } from './tokens.js';
import { encode } from './codec.js';
import { Refusal, messageLockLost } from './errors.js';
import { settle } from './settle.js';

const { message: outcomes, types } = rhea;
const SETTLED = 1; // snd-settle-mode

export const SESSION_FILTER = 'com.microsoft:session-filter';
const SESSION_FILTER_CODE = 0x137000000c;

// A client's receiver on a queue: hands it messages for the credit it gives, and takes its settlements.
export class Consumer {
  #link;
  #queue;
  #faults;
  #sent = 0;
  #hold = null;
  #given = [];
  #ended = false;
  #stopWaiting = () => {};

  constructor(link, queue, faults) {
    this.#link = link;
    this.#queue = queue;
    this.#faults = faults;
    this.linkName = link.name;
    this.queue = queue;
    this.destructive = link.local.attach.snd_settle_mode === SETTLED;
    link.on('sender_flow', () => this.#flow());
    link.on('sender_draining', () => this.#drain());
    for (const event of ['accepted', 'released', 'rejected', 'modified']) link.on(event, ({ delivery }) => this.#settle(event, delivery));
  }

  // Sessions: takes the named one or waits for the next free one, then answers the attach.
  // `granted(terms)` accepts the attach that has been held back, `refused(error)` refuses it.
  acceptSession(wanted, wait, granted, refused) {
    if (this.#ended) return; // a fault has delayed this for longer than the client waited
    const take = (hold) => {
      this.#hold = hold;
      this.#queue.log.note('accept-session', this.#queue.path, hold.session.id);
      granted(sessionTerms(wanted, hold));
    };
    if (wanted.id !== undefined) take(this.#queue.sessions.accept(wanted.id, this));
    else this.#stopWaiting = this.#queue.sessions.acceptNext(this, wait, take, refused);
  }

  // Whether the client has messages in its hands, or still waits for a session.
  get busy() {
    this.#given = this.#given.filter((lock) => this.#queue.valid(lock));
    return this.#given.length > 0 || (this.#queue.sessions !== null && !this.#hold);
  }

  get hold() {
    return this.#hold;
  }

  // How many more messages the client has asked for. Counted from the start of the link, because rhea
  // takes a delivery off the credit only when it writes it.
  wants() {
    if (!this.#link.is_open() || this.#link.session.outgoing.available() === 0) return 0;
    return this.#link.credit + this.#link.delivery_count - this.#sent;
  }

  deliver(message, lock) {
    this.#sent++;
    const { seq, enqueuedAt, failures, state } = message;
    const bytes = encode(message.content, { seq, enqueuedAt, failures, state, lockedUntil: lock?.until });
    const delivery = this.#link.send(bytes, deliveryTag(lock?.token ?? EMPTY_TOKEN), 0);
    if (!lock) return;
    delivery.lock = lock;
    if (this.#given.push(lock) > 256) this.#given = this.#given.filter((l) => this.#queue.valid(l));
  }

  // The session's lock has run out.
  lost(refusal) {
    this.#hold = null;
    this.#link.close(refusal.amqp);
  }

  // The service ends the link, which has been idle for too long.
  idled(refusal) {
    this.closed();
    this.#link.close(refusal.amqp);
  }

  // The client has closed the link, or its session or connection has ended.
  closed() {
    this.#ended = true;
    this.#stopWaiting();
    this.#queue.consumers.delete(this);
    if (this.#hold) {
      this.#queue.log.note('close-session', this.#queue.path, this.#hold.session.id);
      this.#queue.sessions.close(this.#hold);
      this.#hold = null;
    }
  }

  #flow() {
    if (this.#hold) return this.#queue.sessions.pump(this.#hold);
    if (this.#queue.sessions || this.wants() <= 0) return;
    this.#queue.consumers.add(this);
    this.#queue.pump();
  }

  // What there was has been sent; the rest of the credit is given back.
  #drain() {
    this.#link.set_drained(true);
    this.#sent = this.#link.credit + this.#link.delivery_count;
  }

  #settle(event, delivery) {
    const { lock } = delivery;
    if (!lock || delivery.settled) return;
    const disposition = read(event, delivery.remote_state);
    const refuse = (refusal) => answer(delivery, refusal);
    this.#faults.apply(disposition.operation, this.#queue.path, this.#link.connection, () => {
      try {
        if (!this.#queue.valid(lock)) throw messageLockLost(`The lock of message ${lock.message.seq} has been lost.`);
        settle(this.#queue, lock, disposition);
        answer(delivery);
      } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        refuse(e);
      }
    }, refuse, () => lock.message.content.body);
  }
}

const EMPTY_TOKEN = Buffer.alloc(16);

// The client waits for a settled disposition. Any other state than accepted or rejected breaks its link.
function answer(delivery, refusal) {
  const state = refusal ? outcomes.rejected({ error: refusal.amqp }) : outcomes.accepted();
  delivery.update(true, state.described());
  delivery.remote_settled = true; // the client says nothing more: rhea may forget the delivery
}

// What an outcome means; state.value holds its typed fields.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide#receive-messages
function read(event, state) {
  switch (event) {
    case 'accepted':
      return { operation: 'complete' };
    case 'released':
      return { operation: 'release' };
    case 'modified':
      return { operation: state.undeliverable_here ? 'defer' : 'abandon', items: state.value[2]?.value ?? [] };
    default:
      return { operation: 'dead-letter', ...deadLetterInfo(state.value[0]?.value?.[2]?.value ?? []) };
  }
}

function deadLetterInfo(typed) {
  const out = { items: [] };
  for (let i = 0; i + 1 < typed.length; i += 2) {
    const key = String(typed[i].value);
    if (key === 'DeadLetterReason') out.reason = typed[i + 1].value;
    else if (key === 'DeadLetterErrorDescription') out.description = typed[i + 1].value;
    else out.items.push(typed[i], typed[i + 1]);
  }
  return out;
}

function sessionTerms({ described }, hold) {
  const { id } = hold.session;
  return {
    filter: { [SESSION_FILTER]: described ? types.wrap_described(id, SESSION_FILTER_CODE) : id },
    properties: { 'com.microsoft:locked-until-utc': types.Long(ticks(hold.until)) },
  };
}
