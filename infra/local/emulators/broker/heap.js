// A binary heap: the smallest item first. `before(a, b)` says whether a comes before b.
export class Heap {
  #before;
  #items = [];

  constructor(before) {
    this.#before = before;
  }

  get size() {
    return this.#items.length;
  }

  peek() {
    return this.#items[0];
  }

  push(item) {
    this.#items.push(item);
    this.#up(this.#items.length - 1);
  }

  pop() {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length > 0) {
      items[0] = last;
      this.#down(0);
    }
    return first;
  }

  // Replaces the content by the items that pass the test, after changes of keys or many removals.
  rebuild(keep) {
    this.#items = this.#items.filter(keep);
    for (let i = (this.#items.length >> 1) - 1; i >= 0; i--) this.#down(i);
  }

  *[Symbol.iterator]() {
    yield* this.#items;
  }

  #up(i) {
    const items = this.#items;
    const item = items[i];
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(item, items[parent])) break;
      items[i] = items[parent];
      i = parent;
    }
    items[i] = item;
  }

  #down(i) {
    const items = this.#items;
    const item = items[i];
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#before(items[child + 1], items[child])) child++;
      if (!this.#before(items[child], item)) break;
      items[i] = items[child];
      i = child;
    }
    items[i] = item;
  }
}

// The usual order of messages: by sequence number.
export const bySeq = (a, b) => a.seq < b.seq;
