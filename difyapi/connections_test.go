package difyapi

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestDifyHasPlacesForOthers: a Dify has ten places. However much is asked for at once, by however many callers, operations and
// apps, somebody else's request is answered meanwhile, and no place is held two seconds later.
func TestDifyHasPlacesForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := newNetwork()
		places := difytest.NewPlaces(network, 10)
		dify := difytest.New(difytest.Options{})
		dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.Delay(time.Second) })
		network.serve(t, places, dify)
		pool := network.pool(t)
		var calls sync.WaitGroup
		for i, base := range []string{"http://dify.test/v1", "http://DIFY.test:80/v1/", "http://dify.test/other/v1"} {
			key := fmt.Sprint("app-", i)
			dify.AddApp(difytest.AppOptions{Name: key, APIKey: key})
			client := poolClient(t, pool, Options{BaseURL: base, APIKey: key})
			for j := range 15 {
				ctx := WithOperation(WithCaller(t.Context(), fmt.Sprint("caller ", j%3)), j)
				calls.Go(func() { _, _ = client.Info(ctx) })
			}
		}
		synctest.Wait()
		if got := places.Open(); got != 4 {
			t.Errorf("%d connections are open, want 4", got)
		}
		dify.AddApp(difytest.AppOptions{Name: "other", APIKey: "app-other"})
		other := poolClient(t, network.pool(t), Options{APIKey: "app-other", Timeout: 2 * time.Second})
		if _, err := other.Info(t.Context()); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		calls.Wait()
		if most := places.Most(); most > 5 {
			t.Errorf("%d connections were open at once, want 4 of ours and one of somebody else", most)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := places.Open(); got != 0 {
			t.Errorf("%d idle connections hold a place", got)
		}
	})
}

// TestTenPlacesCanBeFull, or the test above shows nothing: who holds ten connections, used or idle, is all that a Dify bears.
func TestTenPlacesCanBeFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := newNetwork()
		dify := difytest.New(difytest.Options{})
		dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-a"})
		network.serve(t, difytest.NewPlaces(network, 10), dify)
		for range 10 {
			conn, err := network.dial(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
		}
		synctest.Wait()
		client := poolClient(t, network.pool(t), Options{APIKey: "app-a", Timeout: 25 * time.Second})
		if _, err := client.Info(t.Context()); !IsTimeout(err) {
			t.Errorf("%v, want no answer", err)
		}
	})
}

// TestConnectionsStayWithinTheLimit, also where calls end in vain, and where a new configuration has another limit.
func TestConnectionsStayWithinTheLimit(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"time out": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"break":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"answer": func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(10 * time.Millisecond)
			w.WriteHeader(http.StatusNotFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				network := newNetwork()
				network.serve(t, network, handler)
				pool := network.pool(t)
				ask := func(limit int) {
					client := poolClient(t, pool, Options{ConnectionsPerServer: limit, MaxInFlight: 100, Timeout: time.Second, Resilience: Resilience{Retries: 2}})
					pool.Keep(client)
					var calls sync.WaitGroup
					for i := range 5 * limit {
						calls.Go(func() { _, _ = client.Info(WithCaller(t.Context(), fmt.Sprint(i%3))) })
					}
					calls.Wait()
					if _, most := network.counts(); most != limit {
						t.Errorf("%d connections at once, want %d", most, limit)
					}
				}
				ask(2)
				ask(6)
				network.mu.Lock()
				network.most = 0
				network.mu.Unlock()
				ask(3)
			})
		})
	}
}

// TestConnectionOfALeavingCallerCounts until it is closed or idle, so that callers who leave at once do not make many.
func TestConnectionOfALeavingCallerCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := newNetwork() // nobody accepts, so connecting takes for ever
		client := poolClient(t, network.pool(t), Options{ConnectionsPerServer: 3})
		for range 50 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, _ = client.Info(ctx)
			cancel()
		}
		if _, most := network.counts(); most > 3 {
			t.Errorf("%d connections at once, want 3", most)
		}
		network.serve(t, network, http.NotFoundHandler())
	})
}

// TestDeadConnectionIsUsedOnce, also to a server that would speak HTTP/2, of which one connection serves all calls.
func TestDeadConnectionIsUsedOnce(t *testing.T) {
	t.Parallel()
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(certified.Close)
	synctest.Test(t, func(t *testing.T) {
		network := newNetwork()
		secure := &tls.Config{Certificates: certified.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}
		dify := difytest.New(difytest.Options{})
		dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-a"})
		network.serve(t, tls.NewListener(network, secure), dify)
		pool := network.pool(t)
		pool.transport.TLSClientConfig.RootCAs = certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		client := poolClient(t, pool, Options{BaseURL: "https://example.com/v1", APIKey: "app-a", Timeout: 10 * time.Second})
		if _, err := client.Info(t.Context()); err != nil {
			t.Fatal(err)
		}
		network.cut()
		if _, err := client.Info(t.Context()); !IsTimeout(err) {
			t.Errorf("over a dead connection: %v", err)
		}
		if _, err := client.Info(t.Context()); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

// network is one in memory, so that time inside a synctest bubble stands still while a call is under way. It is the listener of
// its only server.
type network struct {
	arriving chan net.Conn
	closed   chan struct{}

	mu         sync.Mutex
	conns      []*netConn
	open, most int
}

func newNetwork() *network {
	return &network{arriving: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	n.mu.Lock()
	n.open++
	n.most = max(n.most, n.open)
	conn := &netConn{Conn: near, network: n}
	n.conns = append(n.conns, conn)
	n.mu.Unlock()
	select {
	case n.arriving <- far:
		return conn, nil
	case <-ctx.Done():
		_ = conn.Close()
		return nil, ctx.Err()
	}
}

// cut loses what is sent on the connections that there are, without a word.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, conn := range n.conns {
		conn.mu.Lock()
		conn.dead = true
		conn.mu.Unlock()
	}
}

func (n *network) counts() (open, most int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open, n.most
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.arriving:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	close(n.closed)
	return nil
}

func (n *network) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// netConn is the client's end of a connection.
type netConn struct {
	net.Conn
	network *network
	mu      sync.Mutex
	dead    bool
	once    sync.Once
}

func (c *netConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	dead := c.dead
	c.mu.Unlock()
	if dead {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *netConn) Close() error {
	c.once.Do(func() {
		c.network.mu.Lock()
		defer c.network.mu.Unlock()
		c.network.open--
	})
	return c.Conn.Close()
}

// serve lets the handler answer until the test ends.
func (n *network) serve(t *testing.T, listener net.Listener, handler http.Handler) {
	t.Helper()
	server := &http.Server{Handler: handler}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
}

// pool makes a pool whose connections are of the network.
func (n *network) pool(t *testing.T) *Pool {
	t.Helper()
	p := NewPool()
	p.transport.DialContext = dialWithin(n.dial)
	t.Cleanup(p.transport.CloseIdleConnections)
	return p
}

func poolClient(t *testing.T, p *Pool, o Options) *Client {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = "http://dify.test/v1"
	}
	if o.APIKey == "" {
		o.APIKey = "app-not-a-real-key"
	}
	c, err := p.Client(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
