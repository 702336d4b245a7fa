// Package difytest is a Dify that one can hold in the hand: an [http.Handler]
// with the semantics of Dify's Service API, for tests, benchmarks and
// demonstrations.
//
// It answers GET /v1/workflows/logs, /v1/workflows/run/{id}, /v1/end-users/{id},
// /v1/workflow/{id}/events and /v1/info; any other route gets Dify's HTML 404. What is kept of Dify is what a client can trip over:
//
//   - rows are ordered by created_at alone, which has whole seconds; the order
//     among rows of one second differs from query to query, and OFFSET and LIMIT
//     cut after that sort, so that pages lose and repeat rows;
//   - one answer is three statements (count, select, load), and the world may
//     change between any two of them: see [Server.OnStatement];
//   - servers differ by release in parameters, fields and error texts: see
//     [Options];
//   - servers and the proxies before them fail in many ways: see [Fault].
//
// A test makes a server, gives it apps and rows, and serves it:
//
//	dify := difytest.New(difytest.Options{Seed: 1})
//	app := dify.AddApp(difytest.AppOptions{Name: "Echo", APIKey: "app-echo"})
//	app.Insert(difytest.Generate(difytest.GenerateOptions{Seed: 1, Rows: 500, Until: until, Span: time.Hour})...)
//	server := httptest.NewServer(dify) // the API is at server.URL + "/v1"
//
// The package knows nothing of the client that it tests.
package difytest
