import net from 'node:net';
import tls from 'node:tls';
import rhea from 'rhea';
import { Connection } from './connection.js';
import { Faults } from './faults.js';
import { History } from './history.js';
import { Queue } from './queue.js';
import { Timeline } from './timeline.js';

const DEAD_LETTERS = '/$deadletterqueue';

// What every connection is opened with; the service's own figures where a client can see them.
const AMQP = {
  max_frame_size: 65536,
  channel_max: 65535,
  tcp_no_delay: true,
  session_buffer_size: { incoming: 2048, outgoing: 8192 },
  sender_options: { treat_modified_as_released: false, autosettle: false },
  receiver_options: { autoaccept: false },
  reconnect: false,
};

// The namespace: its queues, its clock, what happened, and the faults to play.
export class Broker {
  timeline = new Timeline();
  history = new History(this.timeline);
  faults = new Faults();
  queues = new Map();
  connections = new Set();

  // Settings as settings.js reads them; `key` undefined means that any signature will do.
  constructor(settings, key) {
    this.key = key;
    for (const options of settings) this.queues.set(options.name.toLowerCase(), new Queue(options, this.timeline, this.history));
  }

  // The queue or dead-letter queue of a path, or undefined. Names are not case-sensitive.
  queue(path) {
    const name = path.toLowerCase();
    if (name.endsWith(DEAD_LETTERS)) return this.queues.get(name.slice(0, -DEAD_LETTERS.length))?.deadLetters;
    return this.queues.get(name);
  }

  // Messages that somebody has to do something about now or within the given time (ms).
  pending(within) {
    let n = 0;
    const until = this.timeline.now() + within;
    for (const q of this.queues.values()) n += q.counts.active + q.counts.locked + q.scheduledBefore(until);
    return n;
  }

  // Plays that time has run out on a queue, or on all: for the locks that are held ("locks"), or for links
  // without traffic, which the service ends after ten minutes ("links"). Returns how many.
  expire(what, queue) {
    if (queue !== undefined && !this.queue(String(queue))) throw new Error(`queue ${JSON.stringify(queue)}: use ${[...this.queues.keys()].join(', ')}`);
    if (what === 'locks') {
      const queues = queue === undefined ? [...this.queues.values()] : [this.queue(queue)];
      return queues.reduce((n, q) => n + q.expireLocks(), 0);
    }
    if (what !== 'links') throw new Error(`what ${JSON.stringify(what)}: use locks or links`);
    let n = 0;
    for (const c of this.connections) n += c.endIdleLinks(queue === undefined ? undefined : this.queue(queue));
    return n;
  }

  reset() {
    for (const q of this.queues.values()) q.clear();
  }

  // Listens for AMQP; with `secure` {cert, key} over TLS. Resolves to the port.
  listen(port, secure) {
    const server = secure ? tls.createServer(secure, (socket) => this.#serve(socket)) : net.createServer((socket) => this.#serve(socket));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(server.address().port));
    });
  }

  #serve(socket) {
    const amqp = rhea.create_connection(AMQP);
    const connection = new Connection(amqp, this);
    this.connections.add(connection);
    gatherWrites(amqp, socket);
    amqp.accept(socket);
    socket.on('close', () => {
      this.connections.delete(connection);
      amqp.eof(); // rhea itself misses a socket that this side destroys
    });
  }
}

// rhea writes each frame by itself; all that one turn of the loop produces goes out as one write. What
// goes wrong in such a turn ends the connection, not the broker.
function gatherWrites(amqp, socket) {
  const writeFrames = amqp._process;
  amqp._process = function () {
    socket.cork();
    try {
      writeFrames.call(this);
    } catch (e) {
      process.stderr.write(`connection dropped: ${e.stack}\n`);
      socket.destroy();
    } finally {
      socket.uncork();
    }
  };
}
