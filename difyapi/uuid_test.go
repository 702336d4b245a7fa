package difyapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi"
)

var notUUIDs = map[string]string{
	"empty":           "",
	"word":            "not-a-uuid",
	"URN":             "urn:uuid:" + runID,
	"braces":          "{" + runID + "}",
	"without hyphens": strings.ReplaceAll(runID, "-", ""),
	"hyphens astray":  "7564e10c6-c67-42f2-9f55-4149dcb51d75",
	"no hex digit":    "7564e10g-6c67-42f2-9f55-4149dcb51d75",
	"36 letters":      strings.Repeat("a", 36),
	"path":            "../../info",
	"path of 36":      "7564e10c-6c67-42f2-9f55-4149dcb51d/5",
	"query":           runID[:34] + "?a",
	"blank before":    " " + runID,
	"36 bytes":        strings.Repeat("京", 12),
	"two":             runID + runID,
}

// TestNotUUID holds that such an id is refused by all that take one, and never sent.
func TestNotUUID(t *testing.T) {
	t.Parallel()
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		t.Errorf("sent %s", req.URL)
		return nil, errors.New("sent")
	})})
	for name, id := range notUUIDs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, parsed := difyapi.ParseUUID(id)
			_, run := client.WorkflowRun(t.Context(), id)
			_, endUser := client.EndUser(t.Context(), id)
			for _, err := range []error{parsed, run, endUser} {
				if !errors.Is(err, difyapi.ErrNotUUID) || id != "" && strings.Contains(err.Error(), id) {
					t.Errorf("%q: %v", id, err)
				}
			}
		})
	}
}

func TestParseUUID(t *testing.T) {
	t.Parallel()
	for _, text := range []string{runID, strings.ToUpper(runID), "00000000-0000-0000-0000-000000000000"} {
		if id, err := difyapi.ParseUUID(text); err != nil || id.String() != strings.ToLower(text) {
			t.Errorf("%s: %v, %v", text, id, err)
		}
	}
}

// TestUUIDAsSent holds that an id goes out in the case that Dify writes, since not every database compares UUIDs as such.
func TestUUIDAsSent(t *testing.T) {
	t.Parallel()
	var sent []string
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, req.Method+" "+req.URL.RequestURI())
		return response(req, http.StatusOK, `{"id":"`+strings.ToUpper(runID)+`"}`), nil
	})})
	if _, err := client.WorkflowRun(t.Context(), strings.ToUpper(runID)); err != nil {
		t.Error(err)
	}
	if _, err := client.EndUser(t.Context(), strings.ToUpper(runID)); err != nil {
		t.Error(err)
	}
	if want := "GET /v1/workflows/run/" + runID + " GET /v1/end-users/" + runID; strings.Join(sent, " ") != want {
		t.Errorf("sent %s\nwant %s", sent, want)
	}
}
