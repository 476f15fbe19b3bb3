import http from 'node:http';
import { onlyMembers } from './faults.js';
import { goDuration } from './duration.js';

// The control interface (docs/control-interface.md): plain HTTP on loopback, JSON in and out.
export function controlServer(broker) {
  const routes = {
    'GET /history': (query) => broker.history.since(wholeNumber(query, 'since')),
    'GET /queues': () => queueCounts(broker),
    'GET /pending': (query) => ({ pending: broker.pending(query.has('within') ? goDuration(query.get('within')) : 0) }),
    'GET /clock': () => clock(broker),
    'POST /clock': (_, body) => {
      onlyMembers(body, ['advance']);
      broker.timeline.advance(goDuration(body.advance));
      return clock(broker);
    },
    'POST /faults': (_, body) => {
      broker.faults.add(body);
      return { faults: broker.faults.size };
    },
    'DELETE /faults': () => {
      broker.faults.clear();
      return { faults: 0 };
    },
    'POST /expire': (_, body) => {
      onlyMembers(body, ['what', 'queue']);
      return { expired: broker.expire(body.what, body.queue) };
    },
    'POST /freeze': (_, body) => {
      onlyMembers(body, ['for']);
      freeze(goDuration(body.for));
      return { for: body.for };
    },
    'POST /reset': (_, body) => {
      onlyMembers(body, []);
      broker.reset();
      return {};
    },
  };
  return http.createServer((request, response) => serve(routes, request, response));
}

const QUERIES = { 'GET /history': ['since'], 'GET /pending': ['within'] };

async function serve(routes, request, response) {
  const url = new URL(request.url, 'http://127.0.0.1');
  const name = `${request.method} ${url.pathname.replace(/\/$/, '')}`;
  const answer = (status, value) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  try {
    const text = await read(request);
    if (!routes[name]) return answer(404, { error: `${name} is not known: use ${Object.keys(routes).join(', ')}` });
    onlyMembers(Object.fromEntries(url.searchParams), QUERIES[name] ?? []);
    answer(200, routes[name](url.searchParams, name === 'POST /reset' && text === '' ? {} : parseBody(request, text)));
  } catch (e) {
    answer(400, { error: e.message });
  }
}

async function read(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

function parseBody(request, text) {
  if (request.method !== 'POST') return undefined;
  try {
    return JSON.parse(text);
  } catch (e) {
    throw new Error(`body of ${request.method} ${request.url}: ${e.message}`);
  }
}

function wholeNumber(query, name) {
  const text = query.get(name) ?? '0';
  if (!/^\d+$/.test(text)) throw new Error(`${name}=${text} is not a number of an entry (0 or more)`);
  return Number(text);
}

function queueCounts(broker) {
  const out = {};
  for (const q of broker.queues.values()) {
    const { active, locked, scheduled } = q.counts;
    const dead = q.deadLetters.counts;
    out[q.path] = { active, locked, scheduled, deadLettered: dead.active + dead.locked + dead.deferred };
  }
  return out;
}

const clock = (broker) => ({ now: new Date(broker.timeline.worldNow()).toISOString() });

// Once the answer is out the whole process stands still, its clock and this interface included. It comes
// back by itself, so that it can never be left behind frozen.
function freeze(ms) {
  if (ms > LONGEST_FREEZE) throw new Error(`for: at most ${LONGEST_FREEZE / 60_000} minutes`);
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms), 20);
}

const LONGEST_FREEZE = 600_000;
