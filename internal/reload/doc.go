// Package reload puts a changed configuration into force while the service runs.
//
// A [Watcher] sees that a file has changed, and makes a new handler of it; a [Handler] takes the new one without dropping a
// request. The two know nothing of each other: what a configuration is, and what is made of it, is up to the caller.
package reload
