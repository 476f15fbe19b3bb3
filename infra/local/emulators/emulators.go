// Package emulators installs and runs the two parts of the laptop world that come from npm: the Service Bus broker and Azurite's tables.
package emulators
