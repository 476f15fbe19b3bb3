// Package simulate plays random histories of people, systems and faults over the whole product, in one process and in
// virtual time: tests only, run by `make simulate`.
//
// The product is the real one: settings, clients, stores, flows, queue functions and webhooks, built by shared/app for
// each process of a layout. Around it stand the simulators of the laptop world, as handlers without sockets, and queues
// and tables in memory, which all processes share. A run is a pure function of its seed: one goroutine works at a time,
// every call to a system, a table or a queue is a point at which another may go on, and time passes only when nothing
// else is left to do (testing/synctest). What is judged are the histories and records of the systems, never what the
// product thinks of itself.
package simulate
