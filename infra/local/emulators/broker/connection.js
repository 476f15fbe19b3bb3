import rhea from 'rhea';
import { BATCH, decode, parse, splitBatch } from './codec.js';
import { Claims } from './claims.js';
import { Consumer, SESSION_FILTER } from './consumer.js';
import { Refusal, badMessage, detachForced, notAllowed, notFound, notImplemented, unauthorized } from './errors.js';
import { manage, nameOf, reply } from './management.js';
import { MAX_SIZE } from './queue.js';

const MANAGEMENT = '/$management', CBS = '$cbs';
const NEXT_SESSION_WAIT = 60_000; // the service's, when the client names none
// Part of that wait after which the answer goes out: the client itself gives up at the end of it, and
// has to throw away its link when no answer came.
const ANSWER_BEFORE = 0.95;

// One client connection: answers attaches, and routes what comes on the links.
export class Connection {
  #amqp;
  #broker;
  #claims;
  #replies = new Map(); // reply links by target address and by name
  #consumers = new Set();
  #senders = new Map(); // links of clients that send to a queue, and the queue

  constructor(amqp, broker) {
    this.#amqp = amqp;
    this.#broker = broker;
    this.#claims = new Claims(broker.key);
    amqp.on('receiver_open', ({ receiver }) => this.#open(receiver, () => this.#openFromClient(receiver)));
    amqp.on('sender_open', ({ sender }) => this.#open(sender, () => this.#openToClient(sender)));
    amqp.on('session_close', ({ session }) => this.#sessionClosed(session));
    amqp.on('connection_close', () => this.#end(() => true));
    amqp.on('disconnected', () => this.#end(() => true));
    // What a client says or does wrong ends its connection, not the broker.
    for (const event of ['error', 'protocol_error']) amqp.on(event, (e) => process.stderr.write(`connection dropped: ${e.stack}\n`));
    for (const event of ['connection_error', 'session_error', 'sender_error', 'receiver_error', 'sender_close', 'receiver_close']) amqp.on(event, () => {});
  }

  // A client may end an AMQP session without detaching its links.
  #sessionClosed(session) {
    this.#end((c) => c.link.session === session);
    for (const link of Object.values(session.links)) this.#forgetReplies(link);
  }

  // Ends the links to a queue, or to all, on which nothing happens, as the service does after ten minutes.
  // The connection stays. Returns how many there were.
  // https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-troubleshoot#link-is-closed
  endIdleLinks(queue) {
    let n = 0;
    const refuse = (link, role) => {
      n++;
      return detachForced(`The link '${link.name}' is force detached by the broker due to errors occurred in ${role}(link${n}). Detach origin: AmqpMessage${role === 'publisher' ? 'Publisher' : 'Consumer'}.IdleTimerExpired: Idle timeout: 00:10:00.`);
    };
    for (const [link, of] of this.#senders) {
      if (queue && of !== queue) continue;
      this.#senders.delete(link);
      link.close(refuse(link, 'publisher').amqp);
    }
    for (const entry of this.#consumers) {
      if ((queue && entry.consumer.queue !== queue) || entry.consumer.busy) continue;
      this.#consumers.delete(entry);
      entry.consumer.idled(refuse(entry.link, 'consumer'));
    }
    return n;
  }

  #end(affected) {
    for (const entry of this.#consumers) {
      if (!affected(entry)) continue;
      this.#consumers.delete(entry);
      entry.consumer.closed();
    }
  }

  // Answers an attach. Clients demand that their settle modes are echoed.
  #open(link, decide) {
    const remote = link.remote.attach;
    link.local.attach.snd_settle_mode = remote.snd_settle_mode ?? 2;
    link.local.attach.rcv_settle_mode = remote.rcv_settle_mode ?? 0;
    try {
      decide();
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      link.close(e.amqp);
    }
  }

  // A client that sends: to $cbs, to $management or to a queue.
  #openFromClient(receiver) {
    const address = receiver.remote.attach.target?.address;
    if (address === undefined || address === null) throw notImplemented('Only links to an address are known, no transactions.');
    if (address === CBS) {
      receiver.on('message', ({ message, delivery }) => this.#onClaim(message, delivery));
    } else if (isManagement(address)) {
      const queue = this.#authorised(address, address.slice(0, -MANAGEMENT.length));
      receiver.on('message', ({ message, delivery }) => this.#onManage(queue, message, delivery, receiver));
    } else {
      const queue = this.#authorised(address, address);
      if (queue.parent) throw notAllowed('Messages cannot be sent to a dead-letter queue.');
      this.#senders.set(receiver, queue);
      receiver.on('receiver_close', () => this.#senders.delete(receiver));
      receiver.on('message', (context) => this.#onMessage(queue, context, receiver));
    }
    receiver.local.attach.max_message_size = MAX_SIZE;
    this.#accept(receiver);
  }

  // A client that receives: replies from $cbs or $management, or messages from a queue.
  #openToClient(sender) {
    const { source } = sender.remote.attach;
    const address = source?.address;
    if (address === undefined || address === null) throw notImplemented('A receiver needs a source address.');
    if (address === CBS || isManagement(address)) {
      if (address !== CBS) this.#authorised(address, address.slice(0, -MANAGEMENT.length));
      for (const key of replyKeys(sender)) this.#replies.set(key, sender);
      sender.on('sender_close', () => this.#forgetReplies(sender));
      this.#accept(sender);
      return;
    }
    this.#openConsumer(sender, this.#authorised(address, address), wantedSession(source.filter));
  }

  #openConsumer(sender, queue, wanted) {
    if (queue.sessions && !wanted) throw notAllowed(`'${queue.path}' requires sessions: a receiver without a session is not possible.`);
    if (!queue.sessions && wanted) throw notAllowed(`'${queue.path}' does not require sessions: a session receiver is not possible.`);
    const entry = { link: sender, consumer: new Consumer(sender, queue, this.#broker.faults) };
    this.#consumers.add(entry);
    const end = () => this.#end((e) => e === entry);
    if (wanted) return this.#awaitSession(sender, queue, wanted, entry.consumer, end);
    sender.on('sender_close', end);
    this.#accept(sender);
  }

  // rhea answers an attach by itself. This one is answered when there is a session, or there is none.
  #awaitSession(sender, queue, wanted, consumer, end) {
    let attach = () => {
      attach = () => {};
      sender.open();
    };
    sender.state.local_open = false;
    sender.state.open_requests--;
    sender.on('sender_close', () => {
      end();
      attach(); // a client that waits no longer wants its attach answered before its detach
    });
    const granted = (terms) => {
      this.#accept(sender, terms);
      attach();
    };
    const refused = (refusal) => {
      end();
      attach();
      sender.close(refusal.amqp);
    };
    const wait = (sender.remote.attach.properties?.['com.microsoft:timeout'] ?? NEXT_SESSION_WAIT) * ANSWER_BEFORE;
    this.#broker.faults.apply('accept-session', queue.path, this.#amqp, () => {
      try {
        consumer.acceptSession(wanted, wait, granted, refused);
      } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        refused(e);
      }
    }, refused);
  }

  #accept(link, { filter, properties } = {}) {
    const { source, target } = link.remote.attach;
    link.set_source({ address: source?.address ?? undefined, filter });
    link.set_target({ address: target?.address ?? undefined });
    if (properties) link.local.attach.properties = properties;
  }

  // The queue of an address for which the client has put a token.
  #authorised(address, path) {
    if (!this.#claims.allows(address)) throw unauthorized(`Unauthorized access. 'Listen' or 'Send' claim(s) are required on '${address}': put a token for it on $cbs first.`);
    const queue = this.#broker.queue(path);
    if (!queue) throw notFound(`The messaging entity '${path}' could not be found.`);
    return queue;
  }

  #onClaim({ bytes }, delivery) {
    settled(delivery);
    const request = decode(bytes);
    const { operation, type, name } = request.application_properties ?? {};
    const run = () => {
      let outcome = { status: 202 };
      try {
        if (operation !== 'put-token') throw notImplemented(`The operation '${operation}' is not known: use 'put-token'.`);
        this.#claims.put(type, name, request.body);
      } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        outcome = e;
      }
      this.#answer(request, outcome);
    };
    this.#broker.faults.apply('put-token', String(name), this.#amqp, run, (refusal) => this.#answer(request, refusal));
  }

  #onManage(queue, { bytes }, delivery) {
    settled(delivery);
    const request = decode(bytes);
    const run = () => {
      let outcome;
      try {
        outcome = manage(queue, request);
      } catch (e) {
        outcome = e instanceof Refusal ? e : badMessage(`The request cannot be read: ${e.message}`);
      }
      this.#answer(request, outcome);
    };
    this.#broker.faults.apply(nameOf(request), queue.path, this.#amqp, run, (refusal) => this.#answer(request, refusal));
  }

  #answer(request, outcome) {
    const link = this.#replies.get(request.reply_to);
    if (link?.is_open()) link.send(reply(request, outcome));
  }

  #forgetReplies(sender) {
    for (const key of replyKeys(sender)) if (this.#replies.get(key) === sender) this.#replies.delete(key);
  }

  #onMessage(queue, { message, delivery, format }, receiver) {
    const refuse = (refusal) => {
      this.#broker.history.note('send', queue.path, undefined, refusal.status, refusal.message);
      if (refusal.condition === 'amqp:link:message-size-exceeded') receiver.close(refusal.amqp);
      settled(delivery, refusal);
    };
    this.#broker.faults.apply('send', queue.path, this.#amqp, () => {
      try {
        this.#take(queue, format === undefined ? [message.bytes] : batched(message, format));
        settled(delivery);
      } catch (e) {
        refuse(e instanceof Refusal ? e : badMessage(`The message cannot be read: ${e.message}`));
      }
    }, refuse, () => message.bytes ?? message);
  }

  // All of a batch or nothing.
  #take(queue, encoded) {
    const contents = encoded.map(parse);
    for (const content of contents) queue.check(content);
    for (const content of contents) {
      const message = queue.send(content);
      this.#broker.history.add('send', message);
    }
  }
}

// The Go client is answered by the address of its reply link, the JavaScript client by the link's name.
const replyKeys = (link) => [link.remote.attach?.target?.address, link.name].filter(Boolean);

const isManagement = (address) => address.toLowerCase().endsWith(MANAGEMENT);

function batched(bytes, format) {
  if (format !== BATCH) throw badMessage(`The message format ${format} is not known.`);
  return splitBatch(bytes);
}

function settled(delivery, refusal) {
  const { message } = rhea;
  delivery.update(true, (refusal ? message.rejected({ error: refusal.amqp }) : message.accepted()).described());
}

// The session that a receiver asks for: undefined = no session, id undefined = the next free one. The
// filter comes described from the Go client and as a plain value from the JavaScript client.
function wantedSession(filter) {
  if (!filter || !(SESSION_FILTER in filter)) return undefined;
  const value = filter[SESSION_FILTER];
  const described = value !== null && typeof value === 'object' && 'descriptor' in value;
  const id = described ? value.value : value;
  return { id: typeof id === 'string' ? id : undefined, described };
}
