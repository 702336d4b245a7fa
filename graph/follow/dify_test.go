package follow

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/loader"
)

// dify is a server with some apps, whose clocks may be off, read as production reads it.
type dify struct {
	*difytest.Server
	*testing.T // of the bubble; nil in worlds

	apps    map[string]*difytest.App
	clients map[string]*difyapi.Client

	skew     time.Duration // of the database's clock
	dateless bool
	down     atomic.Bool
	rows     atomic.Int64 // that were given
}

func newDify(o difytest.Options, keys ...string) *dify {
	d := &dify{apps: make(map[string]*difytest.App), clients: make(map[string]*difyapi.Client)}
	o.Now = func() time.Time { return time.Now().Add(d.skew) }
	d.Server = difytest.New(o)
	for _, key := range keys {
		d.apps[key] = d.AddApp(difytest.AppOptions{Name: key, APIKey: "app-" + key})
		client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-" + key, Transport: d})
		if err != nil {
			panic(err)
		}
		d.clients[key] = client
	}
	return d
}

func (d *dify) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.Transport().RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	d.rows.Add(int64(bytes.Count(body, []byte(`"created_from"`))))
	if d.down.Load() {
		resp.StatusCode = http.StatusServiceUnavailable
	}
	if !d.dateless {
		resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return resp, nil
}

// app is what is followed of the key.
func (d *dify) app(key string) App {
	return App{Key: key, Identity: d.clients[key].Identity(), Server: "http://dify.test/v1"}
}

// start makes a run that is under way.
func (d *dify) start(key string) difytest.Row {
	return d.apps[key].Insert(difytest.Row{
		CreatedFrom: "service-api", CreatedByRole: "end_user",
		Run: &difytest.Run{Version: "1", Status: difytest.StatusRunning, TriggeredFrom: "app-run"},
	})[0]
}

func (d *dify) finish(row difytest.Row, key, status string) {
	_ = d.apps[key].Finish(row.ID, status, time.Now().Add(d.skew)) // a row that was deleted meanwhile does not end
}

// hub follows the server's apps.
func (d *dify) hub(o Options) (h *Hub, closed func()) {
	u := loader.New(d.clients, loader.Options{TTL: 5 * time.Second, OperationBytes: 64 << 20})
	o.Open = func(ctx context.Context, _ App) (context.Context, Source, func()) {
		ctx, done := u.Attach(ctx, loader.Allowance{Calls: 1000, Extra: 1000})
		return ctx, loader.For(ctx), func() { done(0) }
	}
	h = New(o)
	return h, func() {
		h.Close()
		u.Close()
	}
}

// inTime runs a test in virtual time, over a Dify with an app a and maybe more.
func inTime(t *testing.T, test func(d *dify, h *Hub), keys ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDify(difytest.Options{}, append(keys, "a")...)
		d.T = t
		h, closed := d.hub(Options{})
		defer closed()
		test(d, h)
	})
}

// listen tells of app a from now on or, with a position, from then on.
func (d *dify) listen(h *Hub, after *Position) *Subscription {
	s := h.Subscribe()
	d.Cleanup(s.Close)
	s.Add(d.app("a"), after)
	return s
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// heard is what a subscription has to tell by now.
func heard(t *testing.T, s *Subscription) (events []Event) {
	t.Helper()
	synctest.Wait()
	for {
		e, ok, err := s.poll()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return events
		}
		events = append(events, e)
	}
}
