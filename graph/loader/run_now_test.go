package loader

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// runningDify says of a run that it is running, and the next time that it has stopped.
type runningDify struct {
	id    uuid.UUID
	calls int
}

func (d *runningDify) RoundTrip(*http.Request) (*http.Response, error) {
	status := []string{"running", "stopped"}[min(d.calls, 1)]
	d.calls++
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(fmt.Sprintf(`{"id":%q,"status":%q}`, d.id, status))),
	}, nil
}

// TestRunNowIsNeverKept: whoever waits for a run's end is not told of its beginning again.
func TestRunNowIsNeverKept(t *testing.T) {
	t.Parallel()
	dify := &runningDify{id: uuid.New()}
	client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-a", Transport: dify})
	if err != nil {
		t.Fatal(err)
	}
	u := New(map[string]*difyapi.Client{"a": client}, Options{TTL: time.Hour, OperationBytes: 1 << 20})
	defer u.Close()
	ctx, done := u.Attach(t.Context(), Allowance{Calls: 10})
	defer done(0)
	before, err := For(ctx).Run(ctx, "a", dify.id)
	if err != nil || before.Status != difyapi.StatusRunning {
		t.Fatalf("%v, %v", before, err)
	}
	if now, err := For(ctx).RunNow(ctx, "a", dify.id); err != nil || now.Status != difyapi.StatusStopped || dify.calls != 2 {
		t.Errorf("%v, %v after %d calls", now, err, dify.calls)
	}
}
