// Package e2e has tests alone, of the whole service as its users meet it: over HTTP, above a Dify for tests. [startServer] is what
// the program serves, within the test's process; [serve] is the program itself.
//
// A load over a Dify that fails, with the configuration reloaded all the time, must leave memory and goroutines flat. In five
// seconds it finds out that it works; for figures that say something:
//
//	go test ./internal/e2e -run TestSoak -v -soak 5m
//
// The audits of GraphQL over HTTP (folder audit), and the schema as a part of a graph of many (Apollo Federation v2) and as a graph
// for Relay (folder federation), use what others use for that, from npm. To run these tests:
//
//	(cd audit && npm ci) && (cd federation && npm ci) && go test .
//
// They skip where there is no Node.js or no node_modules. The example of docs/federation.md is federation/people.mjs, its schema
// people.graphqls, and gateway.mjs.
package e2e
