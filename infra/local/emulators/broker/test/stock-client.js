// What a stock JavaScript client does with the broker: node stock-client.js CONNECTION-STRING QUEUE SESSION-QUEUE.
// Ends with 0 when all was as it should be, else with the first thing that was not.
import assert from 'node:assert/strict';
import { ServiceBusClient } from '@azure/service-bus';

const [connectionString, queue, sessionQueue] = process.argv.slice(2);
const client = new ServiceBusClient(connectionString, { retryOptions: { maxRetries: 1, retryDelayInMs: 20 } });

async function one(receiver) {
  const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 5000 });
  assert.ok(message, 'no message came');
  return message;
}

async function plainQueue() {
  const sender = client.createSender(queue);
  await sender.sendMessages([{ body: 'a', messageId: 'm-1', applicationProperties: { n: 5, text: 'x' } }, { body: { id: 2 }, messageId: 'm-2' }]);
  const receiver = client.createReceiver(queue);
  const a = await one(receiver);
  assert.equal(a.body, 'a');
  assert.equal(a.messageId, 'm-1');
  assert.deepEqual(a.applicationProperties, { n: 5, text: 'x' });
  const until = await receiver.renewMessageLock(a);
  assert.ok(until > new Date());
  await receiver.abandonMessage(a);
  const again = await one(receiver);
  assert.equal(again.deliveryCount, 1, 'the JavaScript client shows the failures before this delivery');
  await receiver.completeMessage(again);
  const b = await one(receiver);
  assert.deepEqual(b.body, { id: 2 });
  await receiver.deadLetterMessage(b, { deadLetterReason: 'bad', deadLetterErrorDescription: 'cannot work' });
  const dead = client.createReceiver(queue, { subQueueType: 'deadLetter' });
  const [buried] = await dead.receiveMessages(1, { maxWaitTimeInMs: 5000 });
  assert.equal(buried.deadLetterReason, 'bad');
  await dead.completeMessage(buried);
  assert.equal((await receiver.receiveMessages(1, { maxWaitTimeInMs: 100 })).length, 0, 'the queue is not empty');
  await scheduled(sender, receiver);
  await deferred(sender, receiver);
}

async function scheduled(sender, receiver) {
  const [number] = await sender.scheduleMessages({ body: 'later' }, new Date(Date.now() + 3600e3));
  const peeked = await receiver.peekMessages(10);
  assert.equal(peeked.length, 1);
  assert.equal(peeked[0].state, 'scheduled');
  await sender.cancelScheduledMessages(number);
}

async function deferred(sender, receiver) {
  await sender.sendMessages({ body: 'deferred', messageId: 'm-3' });
  const message = await one(receiver);
  await receiver.deferMessage(message);
  const [back] = await receiver.receiveDeferredMessages(message.sequenceNumber);
  assert.equal(back.body, 'deferred');
  await receiver.completeMessage(back);
}

async function sessions() {
  const sender = client.createSender(sessionQueue);
  await assert.rejects(sender.sendMessages({ body: 'no session' }));
  await sender.sendMessages([{ body: 'a1', messageId: 'a1', sessionId: 'a' }, { body: 'b1', messageId: 'b1', sessionId: 'b' }]);
  const next = await client.acceptNextSession(sessionQueue);
  assert.equal(next.sessionId, 'a');
  const named = await client.acceptSession(sessionQueue, 'b');
  await assert.rejects(client.acceptSession(sessionQueue, 'b'), { code: 'SessionCannotBeLocked' });
  for (const [receiver, body] of [[next, 'a1'], [named, 'b1']]) {
    const message = await one(receiver);
    assert.equal(message.body, body);
    await receiver.completeMessage(message);
  }
  await named.setSessionState({ step: 1 });
  assert.deepEqual(await named.getSessionState(), { step: 1 });
  assert.ok((await named.renewSessionLock()) > new Date());
  await next.close();
  await named.close();
}

await plainQueue();
await sessions();
await client.close();
