// A refusal by the broker: an AMQP error condition, and the status that $management uses for it.
export class Refusal extends Error {
  constructor(condition, status, description) {
    super(description);
    this.condition = condition;
    this.status = status;
  }

  get amqp() {
    return { condition: this.condition, description: this.message };
  }
}

const refusal = (condition, status) => (description) => new Refusal(condition, status, description);

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-troubleshoot
export const notFound = refusal('amqp:not-found', 404);
export const notAllowed = refusal('amqp:not-allowed', 400);
export const notImplemented = refusal('amqp:not-implemented', 501);
export const unauthorized = refusal('amqp:unauthorized-access', 401);
export const badMessage = refusal('amqp:decode-error', 400);
export const outOfRange = refusal('com.microsoft:argument-out-of-range', 400);
export const tooLarge = refusal('amqp:link:message-size-exceeded', 413);
export const detachForced = refusal('amqp:link:detach-forced', 410);
export const timedOut = refusal('com.microsoft:timeout', 408);
export const messageNotFound = refusal('com.microsoft:message-not-found', 404);
export const messageLockLost = refusal('com.microsoft:message-lock-lost', 410);
export const sessionLockLost = refusal('com.microsoft:session-lock-lost', 410);
export const sessionCannotBeLocked = refusal('com.microsoft:session-cannot-be-locked', 409);

const BY_STATUS = {
  400: 'amqp:not-allowed', 401: 'amqp:unauthorized-access', 403: 'amqp:resource-limit-exceeded', 404: 'amqp:not-found',
  408: 'com.microsoft:timeout', 410: 'com.microsoft:message-lock-lost', 413: 'amqp:link:message-size-exceeded',
  500: 'amqp:internal-error', 503: 'com.microsoft:server-busy',
};

// The refusal that a "status" fault asks for.
export const byStatus = (status, text) =>
  new Refusal(BY_STATUS[status] ?? 'amqp:internal-error', status, text || `fault: answered with ${status}`);
