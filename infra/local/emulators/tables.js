// Starts Azurite's table service in this process, with the arguments given, and ends it when standard
// input ends, so that it never outlives the program that started it. Upon SIGINT Azurite writes what it
// has; when it has said so it is gone, whatever connections are still open.
process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
const say = console.log;
console.log = (...words) => {
  say(...words);
  if (words[0] === 'Azurite Table service successfully closed') process.exit(0);
};
await import('azurite/dist/src/table/main.js');
