package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// memory is a network within the process: real sockets would hold up the clock of a bubble.
type memory struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case m.connections <- server:
		return client, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (m *memory) Accept() (net.Conn, error) {
	select {
	case connection := <-m.connections:
		return connection, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (m *memory) Close() error {
	close(m.closed)
	return nil
}

// Addr implements [net.Listener].
func (*memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// listen serves HTTP in memory, and returns what reaches it.
func listen(t *testing.T, handler http.Handler) *http.Transport {
	t.Helper()
	network := &memory{connections: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(network) }() // ends by Close alone
	transport := &http.Transport{DialContext: network.dial, MaxIdleConnsPerHost: 1000}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return transport
}

// bubble is a service over a Dify with apps slow and healthy, in memory, for tests whose time is a bubble's. Callers are ann and
// ben; their names are their tokens.
type bubble struct {
	dify    *difytest.Server
	apps    map[string]*difytest.App
	service *Service
	client  *http.Client
}

// startBubble takes limits in YAML. An app's fault is that of the requests with its key. Nothing is kept of answers.
func startBubble(t *testing.T, limits string, faults map[string]*difytest.Fault) *bubble {
	t.Helper()
	return startBubbleOf(t, limits, "ttl: 0", faults)
}

// startBubbleOf takes the cache in YAML, too.
func startBubbleOf(t *testing.T, limits, cache string, faults map[string]*difytest.Fault) *bubble {
	t.Helper()
	b := &bubble{dify: difytest.New(difytest.Options{}), apps: make(map[string]*difytest.App)}
	yaml := fmt.Sprintf("limits: {%s}\ncache: {%s}\nauth:\n  tokens:\n", limits, cache)
	for _, name := range []string{"ann", "ben"} {
		yaml += fmt.Sprintf("    - {name: %s, sha256: %s, apps: ['*'], scopes: [logs]}\n", name, sha256Of(name))
	}
	yaml += "apps:\n"
	for _, key := range []string{"slow", "healthy"} {
		b.apps[key] = b.dify.AddApp(difytest.AppOptions{Name: key, APIKey: "app-" + key})
		yaml += fmt.Sprintf("  - {key: %s, baseURL: 'http://%s.dify.test/v1', apiKey: app-%s}\n", key, key, key)
	}
	b.dify.SetFault(func(r *http.Request) *difytest.Fault {
		return faults[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer app-")]
	})
	cfg := parse(t, yaml)
	process := NewProcess(cfg.Limits)
	process.Connections = listen(t, b.dify)
	t.Cleanup(process.Close)
	var err error
	if b.service, err = New(cfg, Options{Process: process}); err != nil {
		t.Fatal(err)
	}
	b.client = &http.Client{Transport: listen(t, b.service)}
	return b
}

// list asks for so many rows of an app as a caller, and returns the answer's status and the code of its first error.
func (b *bubble) list(t *testing.T, caller, app string, rows int) (status int, code string) {
	t.Helper()
	a := b.ask(t, caller, fmt.Sprintf(`{workflowLogs(apps: "%s", first: %d) {nodes {uuid}}}`, app, rows))
	return a.status, a.code()
}

// ask sends a query as a caller. Where no answer comes, the status is 0.
func (b *bubble) ask(t *testing.T, caller, query string) (a answer) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Error(err)
		return a
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://difygraph.test"+GraphQLPath, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return a
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+caller)
	response, err := b.client.Do(r)
	if err != nil {
		a.text = err.Error()
		return a
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		a.text = err.Error()
		return a
	}
	a.status, a.header, a.text = response.StatusCode, response.Header, string(text)
	if err := json.Unmarshal(text, &a); err != nil {
		t.Errorf("%v: %s", err, text)
	}
	return a
}
