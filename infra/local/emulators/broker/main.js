// The Service Bus of the laptop world. Says on its first line of output where it listens, as JSON, and
// ends when its standard input does, so that it never outlives the program that started it.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Broker } from './broker.js';
import { controlServer } from './control.js';
import { readQueues } from './settings.js';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    control: { type: 'string', default: '0' }, // port of the control interface
    queues: { type: 'string' }, // JSON, or the name of a file with it
    key: { type: 'string' }, // shared access key; without it any signature will do
    cert: { type: 'string' }, // PEM files: TLS instead of plain TCP
    'cert-key': { type: 'string' },
  },
});

function listenControl(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.address().port));
  });
}

try {
  const broker = new Broker(readQueues(values.queues ?? '[]'), values.key);
  const secure = values.cert && { cert: readFileSync(values.cert), key: readFileSync(values['cert-key'] ?? values.cert) };
  const port = await broker.listen(Number(values.port), secure);
  const control = await listenControl(controlServer(broker), Number(values.control));
  process.stdout.write(`${JSON.stringify({ port, control })}\n`);
} catch (e) {
  process.stderr.write(`${e.message}\n`);
  process.exit(1);
}

process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
