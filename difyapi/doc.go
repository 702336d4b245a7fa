// Package difyapi is a typed client for Dify's Service API.
//
// A [Client] speaks for one Dify app: a base URL and an API key, which selects the app. Every request takes one path through
// client.go: it waits for a free slot, sends the key, bounds the time and the size of the answer, and turns every failure
// into an [Error]. Pages of the log are read by page_reader.go where they are as Dify writes them, else like all other answers by
// decode.go. Above that path there is one file per resource: workflow_logs.go, workflow_run.go, end_user.go, info.go. Every
// result has a [Receipt]: the server's version, when it was asked, and the size of its answer.
//
// Dify's quirks end here. Unix seconds, times of RFC 822 and times without a zone become [time.Time] in UTC, `service_api`
// becomes `service-api`, strings that hold JSON become JSON ([Variables]), pages that are not Dify's become errors, and what a
// server is too old for can be asked of [LogQuery.UnsupportedBy].
//
// # Not found
//
// Of an id that the app does not have, Dify says so by a 404 with its own code, by nulls before 1.13.0, and on 1.13.0 by the
// same 500 as for a failure. The first two are [IsNotFound], the last is [IsPossiblyNotFound]. Any other answer, a 404
// of a proxy among them, is a failure and tells nothing of the id. An answer about another id than was asked for is refused.
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
// version in the header X-Version; [Client.Version] remembers it, and [Client.SettledVersion] tells whether it is worth
// asking for it by [Client.Info]. An endpoint that the server does not have is [IsUnsupported]. Before 1.7.0 a run's detail is shown to every key: [Version.ScopesWorkflowRuns].
//
// # Secrets
//
// The API key is sent to Dify and goes nowhere else. No error, log value or formatted value of this package has it in it, and
// no error names the server.
package difyapi
