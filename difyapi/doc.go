// Package difyapi is a typed client for Dify's Service API.
//
// A [Client] speaks for one Dify app: a base URL and an API key, which selects the app. Every request takes one path through
// client.go: it waits for a free slot, sends the key, bounds the time and the size of the answer, and turns every failure
// into an [Error]. Above that path there is one file per resource: workflow_logs.go, info.go.
//
// Dify's quirks end here. Unix seconds become [time.Time] in UTC, `service_api` becomes `service-api`, pages that are not
// Dify's become errors, and what a server is too old for can be asked of [LogQuery.UnsupportedBy].
//
// # Order and paging
//
// Dify orders log entries by created_at and by nothing else, in whole seconds, and pages by OFFSET. Entries of one second
// come in an order that differs from query to query, so a page number is no position: whoever reads a list by page number
// loses entries. [Client.EachWorkflowLog] reads by time instead.
//
// # Versions
//
// A server that does not know a query parameter ignores it and answers unfiltered rows. Every answer of Dify carries its
// version in the header X-Version; [Client.Version] remembers it and [Client.KnownVersion] asks for it.
//
// # Secrets
//
// The API key is sent to Dify and goes nowhere else. No error, log value or formatted value of this package has it in it, and
// no error names the server.
package difyapi
