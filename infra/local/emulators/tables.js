// Starts Azurite's table service in this process, with the arguments given, and ends it when standard
// input ends, so that it never outlives the program that started it. Upon SIGINT Azurite writes what it
// has; when it has said so it is gone, whatever connections are still open.
import { createRequire } from 'node:module';

process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
const say = console.log;
console.log = (...words) => {
  say(...words);
  if (words[0] === 'Azurite Table service successfully closed') process.exit(0);
};
const main = createRequire(import.meta.url).resolve('azurite/dist/src/table/main.js');
const require = createRequire(main);
// Half of all that Azurite loads is for calling others: it would tell Microsoft of each start, which is turned off, and its
// serializer comes with a client that keeps cookies. Whoever uses one after all is told that it is not there.
for (const name of ['applicationinsights', 'tough-cookie']) {
  const filename = require.resolve(name);
  require.cache[filename] = { id: filename, filename, loaded: true, exports: {} };
}
require(main);
