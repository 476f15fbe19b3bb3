import rhea from 'rhea';
import { encode, parse, typedString } from './codec.js';
import { Refusal, messageNotFound, notAllowed, notImplemented } from './errors.js';
import { settle } from './settle.js';

const { types } = rhea;
const LONG = 0x81, TIMESTAMP = 0x83, STRING = 0xb1;
const NEVER = Date.UTC(9999, 11, 31); // from here on "last updated" means: all sessions

// One operation of https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response
// on a queue. Returns { status, body }; throws a Refusal.
export function manage(queue, request) {
  const name = request.application_properties?.operation;
  const operation = OPERATIONS[name];
  if (!operation) throw notImplemented(`The operation '${name}' is not known.`);
  const linkName = request.application_properties['associated-link-name'];
  return { status: 200, ...operation.run(queue, request.body ?? {}, linkName) };
}

// The name that history and faults use for an operation.
export const nameOf = (request) => {
  const { operation } = request.application_properties ?? {};
  if (operation === 'com.microsoft:update-disposition') return DISPOSITIONS[request.body?.['disposition-status']] ?? 'settle';
  return OPERATIONS[operation]?.name ?? String(operation);
};

const OPERATIONS = {
  'com.microsoft:renew-lock': { name: 'renew-lock', run: renewLocks },
  'com.microsoft:renew-session-lock': { name: 'renew-session-lock', run: renewSession },
  'com.microsoft:get-session-state': { name: 'get-session-state', run: getState },
  'com.microsoft:set-session-state': { name: 'set-session-state', run: setState },
  'com.microsoft:get-message-sessions': { name: 'get-message-sessions', run: listSessions },
  'com.microsoft:schedule-message': { name: 'schedule', run: schedule },
  'com.microsoft:cancel-scheduled-message': { name: 'cancel-scheduled', run: cancelScheduled },
  'com.microsoft:peek-message': { name: 'peek', run: peek },
  'com.microsoft:receive-by-sequence-number': { name: 'receive-deferred', run: receiveDeferred },
  'com.microsoft:update-disposition': { name: 'settle', run: updateDisposition },
};

// What a fault's method may name: these, and what has no request of its own.
export const operationNames = () => ['send', 'complete', 'abandon', 'dead-letter', 'defer', 'release', 'accept-session', 'put-token',
  ...Object.values(OPERATIONS).map((o) => o.name)];

const DISPOSITIONS = { completed: 'complete', abandoned: 'abandon', suspended: 'dead-letter', defered: 'defer' };

function renewLocks(queue, body) {
  const ends = body['lock-tokens'].map((token) => {
    const lock = queue.lockOf(token);
    queue.log.add('renew-lock', lock.message);
    return queue.renew(lock);
  });
  return { body: { expirations: types.wrap_array(ends, TIMESTAMP) } };
}

function sessionsOf(queue) {
  if (!queue.sessions) throw notAllowed(`'${queue.path}' does not require sessions.`);
  return queue.sessions;
}

function renewSession(queue, body, linkName) {
  const sessions = sessionsOf(queue);
  const hold = sessions.held(body['session-id'], linkName);
  queue.log.note('renew-session-lock', queue.path, hold.session.id);
  return { body: { expiration: types.wrap_timestamp(sessions.renew(hold)) } };
}

function getState(queue, body, linkName) {
  const hold = sessionsOf(queue).held(body['session-id'], linkName);
  queue.log.note('get-session-state', queue.path, hold.session.id);
  return { body: { 'session-state': hold.session.state ?? types.Null() } };
}

function setState(queue, body, linkName) {
  const sessions = sessionsOf(queue);
  const hold = sessions.held(body['session-id'], linkName);
  const state = body['session-state'];
  sessions.setState(hold, state && state.length > 0 ? Buffer.from(state) : null);
  queue.log.note('set-session-state', queue.path, hold.session.id);
  return {};
}

function listSessions(queue, body) {
  const since = body['last-updated-time'];
  const all = !(since instanceof Date) || Number.isNaN(since.getTime()) || since.getTime() >= NEVER;
  const { skip = 0, top = 100 } = body;
  const ids = sessionsOf(queue).list(all ? undefined : since.getTime()).slice(skip, skip + top);
  if (ids.length === 0) return { status: 204 };
  return { body: { skip: types.wrap_int(skip + ids.length), 'sessions-ids': types.wrap_array(ids, STRING) } };
}

function schedule(queue, body) {
  if (queue.parent) throw notAllowed('Messages cannot be sent to a dead-letter queue.');
  const contents = body.messages.map((entry) => parse(entry.message));
  for (const content of contents) queue.check(content);
  const numbers = contents.map((content) => {
    const message = queue.send(content);
    queue.log.add('schedule', message, { due: content.scheduledFor && new Date(content.scheduledFor).toISOString() });
    return message.seq;
  });
  return { body: { 'sequence-numbers': types.wrap_array(numbers, LONG) } };
}

function cancelScheduled(queue, body) {
  const numbers = body['sequence-numbers'];
  const messages = numbers.map((n) => queue.messages.get(n));
  if (!queue.cancelScheduled(numbers)) throw messageNotFound(`No scheduled message has the number ${numbers.join(' or ')}.`);
  for (const message of messages) queue.log.add('cancel-scheduled', message);
  return {};
}

function peek(queue, body) {
  const messages = [];
  for (const message of queue.peek(body['from-sequence-number'] ?? 0, body['session-id'] ?? undefined)) {
    if (messages.length >= body['message-count']) break;
    messages.push({ message: encode(message.content, message) });
  }
  queue.log.note('peek', queue.path);
  return messages.length > 0 ? { body: { messages } } : { status: 204 };
}

function receiveDeferred(queue, body, linkName) {
  const hold = queue.sessions ? deferredHold(queue, body['session-id'], linkName) : null;
  const numbers = body['sequence-numbers'];
  const locks = queue.lockDeferred(numbers, hold);
  if (!locks) throw messageNotFound(`No deferred message has the number ${numbers.join(' or ')}.`);
  const destructive = body['receiver-settle-mode'] === 0;
  const messages = locks.map((lock) => {
    const { message, token } = lock;
    queue.log.add('receive-deferred', message);
    if (destructive) queue.complete(lock);
    const seen = destructive ? message : { ...message, lockedUntil: lock.until, lockToken: token };
    return { message: encode(message.content, seen), 'lock-token': types.wrap_uuid(token) };
  });
  return { body: { messages } };
}

// The Go client names the session by its link only, the JavaScript client by its id.
function deferredHold(queue, sessionId, linkName) {
  if (sessionId) return queue.sessions.held(sessionId, linkName);
  return queue.sessions.heldBy(linkName);
}

function updateDisposition(queue, body) {
  const operation = DISPOSITIONS[body['disposition-status']];
  if (!operation) throw notAllowed(`The disposition-status '${body['disposition-status']}' is not known.`);
  const items = Object.entries(body['properties-to-modify'] ?? {}).flatMap(([key, value]) => [typedString(key), types.wrap(value)]);
  const locks = body['lock-tokens'].map((token) => queue.lockOf(token));
  for (const lock of locks) {
    settle(queue, lock, { operation, items, reason: body['deadletter-reason'], description: body['deadletter-description'] });
  }
  return {};
}

// The reply to a request; `outcome` is what `manage` returned or the Refusal that it threw.
export function reply(request, outcome) {
  const refused = outcome instanceof Refusal;
  const status = types.wrap_int(outcome.status);
  const text = refused ? outcome.message : outcome.status === 204 ? 'No content' : 'OK';
  const properties = { statusCode: status, statusDescription: text };
  if (refused) properties.errorCondition = types.wrap_symbol(outcome.condition);
  return { correlation_id: request.message_id, application_properties: properties, body: refused ? undefined : outcome.body };
}
