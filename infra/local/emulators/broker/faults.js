import { byStatus } from './errors.js';
import { goDuration } from './duration.js';
import { operationNames } from './management.js';

const DEEDS = ['status', 'delay', 'cut', 'loseAnswer'];
const MEMBERS = ['match', 'do', 'status', 'delay', 'headers', 'body', 'times'];

// The faults that somebody has asked for. A fault matches an operation (`send`, `complete`, …) and the
// queue's path.
export class Faults {
  #list = [];

  get size() {
    return this.#list.length;
  }

  clear() {
    this.#list = [];
  }

  // Adds one from the body of POST /faults; throws with what is wrong and what is allowed.
  add(body) {
    onlyMembers(body, MEMBERS);
    const match = body.match ?? {};
    onlyMembers(match, ['method', 'url', 'body'], 'match.');
    if (!DEEDS.includes(body.do)) throw new Error(`do ${JSON.stringify(body.do)}: use ${DEEDS.join(', ')}`);
    if (body.do === 'status' && !(Number.isInteger(body.status) && body.status >= 400 && body.status <= 599)) {
      throw new Error(`status ${body.status}: use 400 to 599`);
    }
    const times = body.times ?? 0;
    if (!Number.isInteger(times) || times < 0) throw new Error(`times ${JSON.stringify(times)}: use a whole number, 0 for ever`);
    const method = String(match.method ?? '').toLowerCase();
    if (method && !operationNames().includes(method)) throw new Error(`match.method ${JSON.stringify(match.method)}: use ${operationNames().join(', ')}`);
    const url = expression('url', match.url);
    const content = expression('body', match.body);
    const delay = body.do === 'delay' ? goDuration(body.delay) : 0;
    this.#list.push({ method, url, body: match.body === undefined ? undefined : content, do: body.do, status: body.status, text: body.body, delay, left: times || Infinity });
  }

  // `content` gives the message's bytes, properties included; operations without a message have none.
  #take(operation, path, content) {
    const fault = this.#list.find((f) => f.left > 0 && (!f.method || f.method === operation) && f.url.test(`/${path}`) &&
      (f.body === undefined || f.body.test(Buffer.from(content()).toString())));
    if (fault) fault.left--;
    return fault;
  }

  // Runs an operation of a client as the faults have it. `refuse(refusal)` answers instead of `run`.
  apply(operation, path, connection, run, refuse, content = () => '') {
    if (this.#list.length === 0) return run();
    const fault = this.#take(operation, path, content);
    switch (fault?.do) {
      case undefined:
        return run();
      case 'status':
        return refuse(byStatus(fault.status, fault.text));
      case 'delay':
        return void setTimeout(run, fault.delay);
      case 'loseAnswer':
        run();
        break;
    }
    connection.socket.destroy();
  }
}

function expression(name, text = '') {
  try {
    return new RegExp(text);
  } catch (e) {
    throw new Error(`match.${name}: ${e.message}`);
  }
}

// Refuses a body with a member that does not exist, so that no misspelling is silently ignored.
export function onlyMembers(body, allowed, prefix = '') {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw new Error('the body is not a JSON object');
  for (const name of Object.keys(body)) {
    if (!allowed.includes(name)) throw new Error(`unknown member ${JSON.stringify(prefix + name)}: use ${allowed.join(', ') || 'no member'}`);
  }
}
