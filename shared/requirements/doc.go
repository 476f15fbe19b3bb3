// Package requirements holds the product to its requirements R1 to R155: tests only, each named after the row
// that it shows (`TestR12_…`), counted by `make requirements` into docs/requirements.md.
//
// The tests run the whole product in one process, as a host serves it: settings, clients, stores, flows, queue
// functions and webhooks are the real ones. Around it stand both simulators, a key vault, queues and tables in
// memory, and time that passes only when nothing else is left to do (testing/synctest). A test tells what people
// do in the two systems and looks at what the systems then hold and what they have been asked; what the product
// thinks of itself proves nothing.
package requirements
