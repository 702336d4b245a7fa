package graph_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/service"
)

// memory is a network without sockets, so that time in a bubble goes on.
type memory struct {
	arriving chan net.Conn
	closed   chan struct{}
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.arriving <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept returns the next connection.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.arriving:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (m *memory) Close() error {
	close(m.closed)
	return nil
}

// Addr is nowhere.
func (*memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// listen serves a handler in memory, and is how it is reached.
func listen(t *testing.T, handler http.Handler) *http.Transport {
	t.Helper()
	network := &memory{arriving: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(network) })
	transport := difyapi.NewTransport()
	transport.DialContext, transport.MaxConnsPerHost = network.dial, 0
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
	})
	return transport
}

// liveAPI is the service over a Dify with apps a and b, all in memory, in a bubble.
type liveAPI struct {
	*testing.T

	dify   *difytest.Server
	apps   map[string]*difytest.App
	client http.Client
	leave  []context.CancelFunc // of all who listen
}

type liveOptions struct {
	dify   difytest.Options
	viewer *someone
	change func(*config.Config)
}

// inTime runs a test in virtual time.
func inTime(t *testing.T, o liveOptions, test func(a *liveAPI)) {
	t.Helper()
	told := observed() // outside the bubble, as it is for all tests
	synctest.Test(t, func(t *testing.T) {
		a := &liveAPI{T: t, dify: difytest.New(o.dify), apps: map[string]*difytest.App{}}
		apps := map[string]difyapi.Options{}
		for _, key := range []string{"a", "b"} {
			a.apps[key] = a.dify.AddApp(difytest.AppOptions{Name: key, APIKey: "app-secret-" + key})
			apps[key] = difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-secret-" + key}
		}
		cfg := configure(options{keys: []string{"a", "b"}, viewer: o.viewer, ttl: 2 * time.Second}, apps)
		if o.change != nil {
			o.change(cfg)
		}
		process := service.NewProcess(cfg.Limits)
		t.Cleanup(process.Close)
		process.Connections, process.Clocks = listen(t, a.dify), new(loader.Clocks)
		for key := range apps {
			client, err := difyapi.New(apps[key])
			if err != nil {
				t.Fatal(err)
			}
			process.Clocks.Prove(client.Identity(), feed.EverProven)
			process.Clocks.Prove(client.Identity(), feed.SeasonOf(time.Now().Unix()))
		}
		api, err := service.New(cfg, service.Options{Process: process, Telemetry: told})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(api.Close)
		a.client.Transport = listen(t, api)
		test(a)
		for _, leave := range a.leave {
			leave()
		}
		pass(time.Second) // until all that served them has seen it
	})
}

// heard is what somebody is told.
type heard struct {
	mu     sync.Mutex
	told   []event
	over   bool
	leave  context.CancelFunc
	answer *http.Response
}

type event struct {
	at time.Duration // since the test began to listen
	response
}

// subscribe begins to listen, by server-sent events.
func (a *liveAPI) subscribe(query string, variables map[string]any) *heard {
	a.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		a.Fatal(err)
	}
	h := new(heard)
	ctx, leave := context.WithCancel(a.Context())
	h.leave = leave
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://difygraph.test"+service.GraphQLPath, bytes.NewReader(body))
	if err != nil {
		a.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "Accept": "text/event-stream", "Authorization": "Bearer " + token} {
		request.Header.Set(name, value)
	}
	began := time.Now()
	if h.answer, err = a.client.Do(request); err != nil {
		a.Fatal(err)
	}
	go h.read(began)
	a.leave = append(a.leave, leave)
	return h
}

func (h *heard) read(began time.Time) {
	defer h.answer.Body.Close()
	lines := bufio.NewScanner(h.answer.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		h.mu.Lock()
		switch {
		case ok && data != "":
			e := event{at: time.Since(began)}
			e.text = []byte(data)
			_ = json.Unmarshal(e.text, &e.response)
			h.told = append(h.told, e)
		case lines.Text() == "event: complete":
			h.over = true
		}
		h.mu.Unlock()
	}
}

// events are those that were told by now, and whether no more come.
func (h *heard) events() ([]event, bool) {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]event(nil), h.told...), h.over
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// get decodes the data of a query.
func (a *liveAPI) get(query string, into any) {
	a.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		a.Fatal(err)
	}
	request, err := http.NewRequestWithContext(a.Context(), http.MethodPost, "http://difygraph.test"+service.GraphQLPath, bytes.NewReader(body))
	if err != nil {
		a.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := a.client.Do(request)
	if err != nil {
		a.Fatal(err)
	}
	defer answer.Body.Close()
	var r response
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil || len(r.Errors) > 0 {
		a.Fatalf("%v %v", err, r.Errors)
	}
	if err := json.Unmarshal(r.Data, into); err != nil {
		a.Fatal(err)
	}
}
