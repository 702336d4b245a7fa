package playground

import (
	"embed"
	"fmt"
)

//go:embed examples/*.graphql
var exampleFiles embed.FS

// Example is a query to try.
type Example struct {
	// Name is what a menu shows.
	Name string `json:"name"`
	// Query is a document with one named operation. It begins with a comment that says what is to be learned.
	Query string `json:"query"`
	// Variables is a JSON object.
	Variables string `json:"variables"`
}

// Examples returns the queries to try, the one that the page opens with first. They fit the schema, and the sample apps
// translator, support-triage and invoice-reader.
func Examples() []Example {
	return []Example{
		{"Newest runs of all apps", query("newest-runs"), `{"first": 20, "after": null}`},
		{"What failed", query("what-failed"), `{"first": 20, "after": null}`},
		{"One app's dashboard", query("dashboard"), `{"app": "translator"}`},
		{"Runs of one end user", query("end-user"), `{"sessionId": ["user-4"], "first": 20, "after": null}`},
		{"Inputs and outputs", query("run-detail"), `{"apps": ["support-triage"], "first": 5, "after": null}`},
		{"People and their runs", query("people"), `{"apps": ["support-triage"], "first": 10, "after": null}`},
		{"Slow or expensive runs", query("slow-runs"), `{"seconds": 30, "tokens": null, "first": 10, "after": null}`},
		{"Search in inputs and outputs", query("search"), `{"keyword": "京都", "first": 20, "after": null}`},
		{"Oldest runs, read backward", query("backward"), `{"last": 20, "before": null, "first": null, "after": null}`},
	}
}

// query reads an embedded file; a missing one is a mistake in the build.
func query(name string) string {
	content, err := exampleFiles.ReadFile("examples/" + name + ".graphql")
	if err != nil {
		panic(fmt.Errorf("playground: example: %w", err))
	}
	return string(content)
}
