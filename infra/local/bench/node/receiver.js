// A bare Node server that does what the product does with a good event: the signature, or the secret, over the raw body,
// the JSON, the message for the queue. Its only argument is the file of the signing certificate.
'use strict';
const http = require('node:http');
const crypto = require('node:crypto');
const fs = require('node:fs');

const key = new crypto.X509Certificate(fs.readFileSync(process.argv[2])).publicKey;
const header = process.env.DATAVERSE_WEBHOOK_HEADER.toLowerCase();
const wanted = crypto.createHash('sha256').update(process.env.DATAVERSE_WEBHOOK_SECRET).digest();
let sent = 0;

function send(kind, id, why) {
  sent += JSON.stringify({ v: 1, tenant: 'acme', kind, id, why, seen: new Date().toISOString() }).length;
}

function signed(request, body) {
  const signature = Buffer.from(request.headers.authorization.replace('Signature ', ''), 'base64');
  if (!crypto.verify('sha256', body, key, signature)) return false;
  const event = JSON.parse(body.toString('utf8'));
  send('referral', event.ResourceUri.slice(event.ResourceUri.lastIndexOf('/') + 1).toLowerCase(), event.EventName);
  return true;
}

function secret(request, body) {
  const given = crypto.createHash('sha256').update(request.headers[header] || '').digest();
  if (!crypto.timingSafeEqual(given, wanted)) return false;
  const event = JSON.parse(body.toString('utf8'));
  if (event.OrganizationId !== process.env.DATAVERSE_ORGANIZATION_ID) return false;
  send(event.PrimaryEntityName, event.PrimaryEntityId, event.MessageName);
  return true;
}

function answer(response, status) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end('{}\n');
}

http.createServer((request, response) => {
  if (request.method === 'GET') return answer(response, 200);
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    const good = request.url.startsWith('/api/crmwebhook') ? secret(request, body) : signed(request, body);
    answer(response, good ? 202 : 401);
  });
}).listen(Number(process.env.FUNCTIONS_CUSTOMHANDLER_PORT), '127.0.0.1');
