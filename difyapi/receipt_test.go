package difyapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// dated answers every request with an empty log, and says when.
type dated string

func (d dated) RoundTrip(*http.Request) (*http.Response, error) {
	header := http.Header{"Content-Type": {"application/json"}, "Date": {string(d)}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(`{"total":0,"data":[]}`))}, nil
}

// TestDateOfAnswers: it is what the header says, whoever's clock that is, or else when the answer came.
func TestDateOfAnswers(t *testing.T) {
	t.Parallel()
	said := time.Date(2026, 11, 25, 20, 0, 3, 0, time.UTC)
	for header, want := range map[string]time.Time{said.Format(http.TimeFormat): said, "": time.Now(), "yesterday": time.Now()} {
		client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-key", Transport: dated(header)})
		if err != nil {
			t.Fatal(err)
		}
		page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
		if err != nil {
			t.Fatal(err)
		}
		if off := page.Date.Sub(want).Abs(); off > time.Minute || page.Date.Location() != time.UTC {
			t.Errorf("%q is read as %v, want %v", header, page.Date, want)
		}
	}
}
