import { Heap } from './heap.js';

// setTimeout takes 31 bits; a longer wait is simply armed again.
const LONGEST = 0x7fffffff;

// Everything that becomes due lies in one heap with one timer: thousands of locks cost no timers.
// Appointments of the world (scheduled messages, times to live) move when the world's clock is advanced,
// those of the wire (locks, waiting receivers) do not.
export class Timeline {
  #heap = new Heap((a, b) => a.at < b.at);
  #dead = 0;
  #timer = null;
  #armedFor = Infinity;
  offset = 0; // how far the world's clock is ahead of the machine's, ms

  now() {
    return Date.now();
  }

  worldNow() {
    return Date.now() + this.offset;
  }

  // Calls run once at the given time (ms since 1970, machine's clock). Returns what `cancel` takes.
  add(at, run, world = false) {
    const appointment = { at, run, world, done: false };
    this.#heap.push(appointment);
    this.#arm();
    return appointment;
  }

  cancel(appointment) {
    if (!appointment || appointment.done) return;
    appointment.done = true;
    if (++this.#dead > 256 && this.#dead > this.#heap.size / 2) this.#sweep();
  }

  advance(ms) {
    this.offset += ms;
    for (const a of this.#heap) if (a.world) a.at -= ms;
    this.#sweep();
    this.#arm();
  }

  #sweep() {
    this.#heap.rebuild((a) => !a.done);
    this.#dead = 0;
  }

  #arm() {
    const next = this.#heap.peek();
    if (!next || next.at >= this.#armedFor) return;
    clearTimeout(this.#timer);
    this.#armedFor = next.at;
    const wait = Math.min(Math.max(next.at - Date.now(), 0), LONGEST);
    this.#timer = setTimeout(() => this.#fire(), wait);
  }

  #fire() {
    this.#armedFor = Infinity;
    const now = Date.now();
    for (let next = this.#heap.peek(); next && (next.done || next.at <= now); next = this.#heap.peek()) {
      this.#heap.pop();
      if (next.done) {
        this.#dead--;
        continue;
      }
      next.done = true;
      next.run();
    }
    this.#arm();
  }
}
