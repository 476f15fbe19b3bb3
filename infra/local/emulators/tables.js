// Starts Azurite's table service in this process, with the arguments given, and ends it when standard
// input ends, so that it never outlives the program that started it.
process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
await import('azurite/dist/src/table/main.js');
