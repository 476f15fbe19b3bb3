// Package emulators installs and runs the two parts of the laptop world that come from npm: the Service Bus broker and Azurite's tables.
package emulators

// Folder is where this package lies below the root of the repository. Install, StartBroker and
// StartAzurite want it as an absolute path or relative to the working directory.
const Folder = "infra/local/emulators"
