import rhea from 'rhea';

const { types } = rhea;
const decodeFully = rhea.message.decode;

// rhea decodes each message into JavaScript values and so forgets whether a 5 was an int, a uint or a
// long. A broker must hand on what it was given, so incoming messages stay bytes until somebody asks.
rhea.message.decode = (bytes) => ({ bytes });

// The whole message as JavaScript values, for $cbs and $management requests.
export const decode = (bytes) => decodeFully(bytes);

// Message format of a batch: one data section per encoded message.
export const BATCH = 0x80013700;

const HEADER = 0x70, DELIVERY_ANNOTATIONS = 0x71, ANNOTATIONS = 0x72, PROPERTIES = 0x73, APPLICATION = 0x74, DATA = 0x75;
const OURS = new Set(['x-opt-sequence-number', 'x-opt-enqueued-time', 'x-opt-locked-until', 'x-opt-message-state']);
const NOTHING = Buffer.alloc(0);
const LONGEST_TTL = 0xffffffff; // what a message without a time to live shows

// Splits an encoded message into the parts that the broker reads and the bytes that it only carries.
// Maps stay flat arrays of typed keys and values. The bytes are copied: the network buffer is larger.
export function parse(bytes) {
  const reader = new types.Reader(bytes);
  const out = {
    durable: null, priority: null, ttl: Infinity, annotations: [], properties: NOTHING, application: [], body: NOTHING,
    messageId: undefined, sessionId: undefined, scheduledFor: undefined, size: bytes.length,
  };
  while (reader.remaining()) {
    const start = reader.position;
    const code = sectionCode(reader);
    if (code >= DATA) {
      out.body = Buffer.from(bytes.subarray(start));
      break;
    }
    reader.position = start;
    const fields = reader.read().value;
    if (code === HEADER) readHeader(out, fields);
    else if (code === ANNOTATIONS) readAnnotations(out, fields);
    else if (code === APPLICATION) out.application = fields;
    else if (code === PROPERTIES) {
      out.properties = Buffer.from(bytes.subarray(start, reader.position));
      out.messageId = fields[0]?.value ?? undefined;
      out.sessionId = fields[10]?.value ?? undefined;
    }
  }
  return out;
}

function sectionCode(reader) {
  if (reader.read_uint(1) !== 0) throw new Error('a message consists of described sections');
  const descriptor = reader.read();
  if (typeof descriptor.value !== 'number' || descriptor.value < HEADER || descriptor.value > 0x78) {
    throw new Error(`unknown message section ${descriptor.value}`);
  }
  return descriptor.value;
}

function readHeader(out, [durable, priority, ttl]) {
  out.durable = durable?.value ?? null;
  out.priority = priority?.value ?? null;
  if (typeof ttl?.value === 'number') out.ttl = ttl.value;
}

function readAnnotations(out, items) {
  for (let i = 0; i + 1 < items.length; i += 2) {
    const key = items[i].value;
    if (OURS.has(key)) continue;
    if (key === 'x-opt-scheduled-enqueue-time' && items[i + 1].value) out.scheduledFor = items[i + 1].value.getTime();
    out.annotations.push(items[i], items[i + 1]);
  }
}

// The messages inside a batch, as bytes.
export function splitBatch(bytes) {
  const reader = new types.Reader(bytes);
  const out = [];
  while (reader.remaining()) {
    const section = reader.read();
    if (section.descriptor?.value === DATA) out.push(section.value);
  }
  return out;
}

// The message as a receiver gets it. `seen` has failures, seq, enqueuedAt and, where they apply,
// lockedUntil, state (1 deferred, 2 scheduled) and lockToken (for deferred messages, which have no
// delivery whose tag could carry it).
export function encode(content, seen) {
  const writer = new types.Writer();
  writer.write(section(HEADER, types.List32([
    content.durable === null ? types.Null() : types.wrap_boolean(content.durable),
    content.priority === null ? types.Null() : types.wrap_ubyte(content.priority),
    types.Uint(Math.min(content.ttl, LONGEST_TTL)),
    types.Null(),
    types.Uint(seen.failures),
  ])));
  if (seen.lockToken) {
    writer.write(section(DELIVERY_ANNOTATIONS, types.Map32([types.wrap_symbol('x-opt-lock-token'), types.wrap_uuid(seen.lockToken)])));
  }
  writer.write(section(ANNOTATIONS, types.Map32(content.annotations.concat(ownAnnotations(seen)))));
  writer.write_bytes(content.properties);
  if (content.application.length > 0) writer.write(section(APPLICATION, types.Map32(content.application)));
  writer.write_bytes(content.body);
  return writer.toBuffer();
}

function ownAnnotations({ seq, enqueuedAt, lockedUntil, state }) {
  const items = [
    types.Sym8('x-opt-sequence-number'), types.Long(seq),
    types.Sym8('x-opt-enqueued-time'), types.Timestamp(enqueuedAt),
  ];
  if (lockedUntil !== undefined) items.push(types.Sym8('x-opt-locked-until'), types.Timestamp(lockedUntil));
  if (state) items.push(types.Sym8('x-opt-message-state'), types.Int(state));
  return items;
}

const section = (code, value) => types.described_nc(types.SmallUlong(code), value);

// Sets application properties; `items` is a flat array of typed keys and values as they came in.
export function setApplicationProperties(content, items) {
  const byKey = new Map();
  for (const list of [content.application, items]) {
    for (let i = 0; i + 1 < list.length; i += 2) byKey.set(String(list[i].value), list[i + 1]);
  }
  content.application = [...byKey].flatMap(([key, value]) => [types.wrap_string(key), value]);
}

export const typedString = (text) => types.wrap_string(String(text));

// For the history: the payload as text and the application properties as strings.
export function describe(content) {
  const properties = {};
  for (let i = 0; i + 1 < content.application.length; i += 2) {
    properties[String(content.application[i].value)] = String(content.application[i + 1].value);
  }
  return { body: bodyText(content.body), properties };
}

function bodyText(bytes) {
  if (bytes.length === 0) return '';
  const value = new types.Reader(bytes).read().value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
