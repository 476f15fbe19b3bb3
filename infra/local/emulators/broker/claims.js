import { createHmac, timingSafeEqual } from 'node:crypto';
import { unauthorized } from './errors.js';

const SAS = 'servicebus.windows.net:sastoken', JWT = 'jwt';

// The rights that a connection has won by put-token: paths of entities, in lower case.
export class Claims {
  #paths = new Set();
  #key;

  // With a key, shared access signatures must be made with it; without one, any will do.
  constructor(key) {
    this.#key = key;
  }

  // Handles the put-token request of https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide#claims-based-authorization
  put(type, audience, token) {
    if (typeof token !== 'string' || token === '') throw unauthorized('The token is empty.');
    if (type === SAS) this.#checkSignature(token, audience);
    else if (type === JWT) checkWebToken(token);
    else throw unauthorized(`Token type '${type}' is not known: use '${SAS}' or '${JWT}'.`);
    this.#paths.add(pathOf(audience));
  }

  // A token for an entity is good for what lies below it.
  allows(address) {
    const path = address.toLowerCase();
    if (this.#paths.has(path) || this.#paths.has('')) return true;
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      if (this.#paths.has(path.slice(0, at))) return true;
    }
    return false;
  }

  #checkSignature(token, audience) {
    const [scheme, rest] = token.split(' ', 2);
    const fields = new Map((rest ?? '').split('&').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
    const [resource, signature, expiry] = ['sr', 'sig', 'se'].map((name) => fields.get(name) ?? '');
    if (scheme !== 'SharedAccessSignature' || !resource || !signature || !expiry) throw unauthorized('The shared access signature lacks sr, sig or se.');
    if (Number(expiry) * 1000 < Date.now()) throw unauthorized('The shared access signature has expired.');
    const granted = pathOf(decodeURIComponent(resource));
    const wanted = pathOf(audience);
    if (granted !== '' && wanted !== granted && !wanted.startsWith(`${granted}/`)) {
      throw unauthorized(`The shared access signature is for '${granted}', not for '${wanted}'.`);
    }
    if (this.#key === undefined) return;
    const expected = createHmac('sha256', this.#key).update(`${resource}\n${expiry}`).digest();
    const given = Buffer.from(decodeURIComponent(signature), 'base64');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw unauthorized('The signature of the token is wrong: check the shared access key.');
  }
}

// Web tokens come from anybody: there is no directory here to ask. One that says it has expired is refused.
function checkWebToken(token) {
  let claims = {};
  try {
    claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return; // an opaque token
  }
  if (typeof claims?.exp === 'number' && claims.exp * 1000 < Date.now()) throw unauthorized('The token has expired.');
}

// "amqps://host:port/queue/$management" becomes "queue/$management".
function pathOf(audience) {
  const match = /^(?:[a-z]+:\/\/[^/]*)?\/?(.*?)\/?$/i.exec(String(audience));
  return match[1].toLowerCase();
}
