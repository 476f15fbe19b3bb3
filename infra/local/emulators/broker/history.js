import { describe } from './codec.js';

// What the broker did, one entry per operation, in the shape of control.Entry. Texts are made when
// somebody reads them.
export class History {
  #entries = [];
  #timeline;

  constructor(timeline) {
    this.#timeline = timeline;
  }

  // An operation on a message.
  add(operation, message, { status = 200, ...headers } = {}) {
    this.#entries.push({
      at: this.#timeline.worldNow(), operation, status, path: message.queue.path, headers,
      content: message.content, seq: message.seq, failures: message.failures,
    });
  }

  // An operation without a message: a session accepted or lost, a refusal.
  note(operation, path, sessionId, status = 200, reason = '') {
    this.#entries.push({ at: this.#timeline.worldNow(), operation, status, path, headers: {}, sessionId, reason });
  }

  since(n) {
    return this.#entries.slice(n).map((e, i) => this.#render(e, n + i + 1));
  }

  #render(e, n) {
    const requestHeaders = {};
    const put = (name, value) => {
      if (value !== undefined && value !== '') requestHeaders[name] = String(value);
    };
    const { body, properties } = e.content ? describe(e.content) : { body: '', properties: {} };
    put('message-id', e.content?.messageId);
    put('session-id', e.content ? e.content.sessionId : e.sessionId);
    put('sequence-number', e.seq);
    if (e.content) put('delivery-count', e.failures);
    for (const [name, value] of Object.entries({ ...properties, ...e.headers })) put(name, value);
    return {
      n, at: new Date(e.at).toISOString(), identity: '', method: e.operation, url: `/${e.path}`, status: e.status,
      requestHeaders, requestBody: body, responseBody: e.reason ?? '',
    };
  }
}
