package graph

import (
	"fmt"
	"testing"
)

// TestListsAreReadOnce: whatever fields are given the list of one variable, nobody looks into it again.
func TestListsAreReadOnce(t *testing.T) {
	t.Parallel()
	texts, statuses := make([]any, 1000), make([]any, 1000)
	for i := range texts {
		texts[i], statuses[i] = fmt.Sprintf("%03d", i), []string{"FAILED", "STOPPED"}[i%2]
	}
	r := newRead()
	for range 3 {
		f := r.filter(map[string]any{"status": statuses, "endUserSessionId": texts}, nil)
		ids := r.ids(texts)
		if len(f.EndUserSessionID) != 1000 || f.EndUserSessionID[0] != "000" || len(f.Status) != 2 || ids.kinds[0] != 1000 || len(ids.different) != 1 {
			t.Fatalf("%d sessions from %s on, %d statuses, %v", len(f.EndUserSessionID), f.EndUserSessionID[0], len(f.Status), ids)
		}
		texts[0], statuses[0], texts[1] = "", "RUNNING", "" // which would show
	}
}
