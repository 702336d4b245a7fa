// Package federation has tests alone: of the schema as a part of a graph of many (Apollo Federation v2), and as a graph for
// Relay. They use what others use for that, from npm: Apollo's composition and gateway, and Relay's compiler.
//
// The example of the README is people.mjs, its schema people.graphqls, and gateway.mjs. To run the tests:
//
//	npm ci && go test .
//
// They skip where there is no Node.js or no node_modules.
package federation
