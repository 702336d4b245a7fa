package httpserver

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// remote is a connection from an address, which notes whether it is closed.
type remote struct {
	net.Conn

	from   string
	closed bool
}

func (r *remote) RemoteAddr() net.Addr { return address(r.from) }

func (r *remote) Close() error {
	r.closed = true
	return nil
}

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

func (c *connections) connect(from string, states ...http.ConnState) *remote {
	r := &remote{from: from}
	for _, state := range append([]http.ConnState{http.StateNew}, states...) {
		c.note(r, state)
	}
	return r
}

// TestStrangerKeepsNobodyOut: whatever one address opens and leaves idle, another gets in, and so does the same one.
func TestStrangerKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	c := newConnections(Bounds{Connections: 100, PerAddress: 60})
	polite := c.connect("192.0.2.1:1", http.StateActive, http.StateIdle)
	stranger := make([]*remote, 20_000)
	for i := range stranger {
		stranger[i] = c.connect("192.0.2.9:1")
	}
	if len(c.open) != 61 || polite.closed {
		t.Errorf("%d connections are open, want 61; the polite one is closed: %t", len(c.open), polite.closed)
	}
	if first, last := stranger[0], stranger[len(stranger)-1]; !first.closed || last.closed {
		t.Errorf("closed: first %t, last %t; want those that have waited longest", first.closed, last.closed)
	}
	for range 200 { // all from addresses of their own
		if next := c.connect("192.0.2.2:1", http.StateActive); next.closed {
			t.Fatal("a connection was refused while others were idle")
		} else {
			c.note(next, http.StateClosed)
		}
	}
}

// TestBoundOfAllConnections takes from who has most.
func TestBoundOfAllConnections(t *testing.T) {
	t.Parallel()
	c := newConnections(Bounds{Connections: 4})
	few := c.connect("192.0.2.1:1")
	many := []*remote{c.connect("192.0.2.2:1", http.StateActive), c.connect("192.0.2.2:2"), c.connect("192.0.2.2:3")}
	another := c.connect("192.0.2.3:1")
	if few.closed || another.closed || many[0].closed || !many[1].closed || many[2].closed {
		t.Errorf("closed: %t %t %t %t %t", few.closed, another.closed, many[0].closed, many[1].closed, many[2].closed)
	}
}

// TestRequestsUnderWayKeepTheirConnections: where all have one, the new connection has to go.
func TestRequestsUnderWayKeepTheirConnections(t *testing.T) {
	t.Parallel()
	for name, bounds := range map[string]Bounds{"of all": {Connections: 2}, "of an address": {PerAddress: 2}} {
		c := newConnections(bounds)
		first, second := c.connect("192.0.2.1:1", http.StateActive), c.connect("192.0.2.1:2", http.StateActive)
		if third := c.connect("192.0.2.1:3"); first.closed || second.closed || !third.closed || len(c.open) != 2 {
			t.Errorf("%s: closed: %t %t %t", name, first.closed, second.closed, third.closed)
		}
		c.note(first, http.StateClosed)
		if fourth := c.connect("192.0.2.1:4"); fourth.closed {
			t.Errorf("%s: there was room", name)
		}
	}
}

// TestBodiesThatDoNotComeGiveWay: to a connection that may have a request, but not before those without one do.
func TestBodiesThatDoNotComeGiveWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServerWith(t, newMemoryListener(), Bounds{PerAddress: 3})
		s.server.Put(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }), nil)
		older, idle, newer := s.send(t, unfinished), s.connect(t), s.send(t, unfinished)
		synctest.Wait()
		s.want(t, "/healthz", http.StatusOK)
		wantCut(t, idle)
		s.connect(t)
		synctest.Wait()
		s.send(t, unfinished)
		s.connect(t)
		synctest.Wait()
		wantCut(t, older)
		_ = newer.SetReadDeadline(time.Now().Add(promptly))
		if _, err := newer.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the one that came later is cut: %v", err)
		}
	})
}

// TestNothingIsKeptOfClosedConnections: of none, whichever way it went.
func TestNothingIsKeptOfClosedConnections(t *testing.T) {
	t.Parallel()
	c := newConnections(Bounds{Connections: 2, PerAddress: 1})
	for _, from := range []string{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "192.0.2.3:1"} {
		r := c.connect(from, http.StateActive, http.StateIdle)
		defer func() {
			c.note(r, http.StateClosed)
			c.note(r, http.StateClosed)
		}()
	}
	t.Cleanup(func() {
		if len(c.open)+len(c.peers) > 0 {
			t.Errorf("%d connections, %d addresses", len(c.open), len(c.peers))
		}
	})
}

func TestAddressesThatCountAsOne(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"192.0.2.1:80":             "192.0.2.1/32",
		"[::ffff:192.0.2.1]:80":    "192.0.2.1/32",
		"[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1":         "fe80::/64",
	} {
		if got := ClientPrefix(from); got != netip.MustParsePrefix(want) {
			t.Errorf("%s: %v", from, got)
		}
	}
	if got := ClientPrefix("pipe"); got.IsValid() {
		t.Errorf("no address: %v", got)
	}
}

// TestIdleConnectionsAreBounded has the bound by way of the server.
func TestIdleConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServerWith(t, newMemoryListener(), Bounds{Connections: 2})
		first := s.connect(t)
		synctest.Wait()
		for range 2 {
			s.connect(t)
			synctest.Wait()
		}
		wantCut(t, first)
		s.want(t, "/healthz", http.StatusOK)
	})
}

// troubled is a listener whose system has had enough, for a time.
type troubled struct {
	*memoryListener

	errs []error
}

func (l *troubled) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
	}
	return l.memoryListener.Accept()
}

// TestListenerOutlivesTheSystemsErrors: it waits before it tries again, up to a second.
func TestListenerOutlivesTheSystemsErrors(t *testing.T) {
	t.Parallel()
	for _, trouble := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EPROTO} {
		t.Run(trouble.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &troubled{memoryListener: newMemoryListener()}
				for range 10 {
					l.errs = append(l.errs, trouble)
				}
				began := time.Now()
				s := startTestServerWith(t, l, Bounds{})
				s.want(t, "/healthz", http.StatusOK)
				if took := time.Since(began); took < time.Second || took > 10*time.Second {
					t.Errorf("after %v", took)
				}
			})
		})
	}
}

// TestIdleConnectionsGiveTheirDescriptors where the system has no more, a few at a time.
func TestIdleConnectionsGiveTheirDescriptors(t *testing.T) {
	t.Parallel()
	c := newConnections(Bounds{})
	busy := c.connect("192.0.2.1:1", http.StateActive)
	for range 2 * spare {
		c.connect("192.0.2.1:1")
	}
	l := &troubled{memoryListener: newMemoryListener(), errs: []error{syscall.EMFILE}}
	if _, err := (persistentListener{l, c}).Accept(); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("Accept: %v", err)
	}
	if len(c.open) != spare+1 || busy.closed {
		t.Errorf("%d connections are open; the one with a request is closed: %t", len(c.open), busy.closed)
	}
}

// TestOtherProtocolsAreRefused: HTTP/2 without TLS has no bounds here.
func TestOtherProtocolsAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		s.server.Put(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("served") }), nil)
		refused := regexp.MustCompile(`^HTTP/1\.1 (400|505) `)
		for _, greeting := range []string{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/3.0\r\nHost: a\r\n\r\n"} {
			connection := s.connect(t)
			var sending sync.WaitGroup
			sending.Go(func() { _, _ = io.WriteString(connection, greeting) })
			answer, err := io.ReadAll(connection)
			if err != nil || !refused.Match(answer) {
				t.Errorf("%q: %q, %v", greeting, answer, err)
			}
			_ = connection.Close()
			sending.Wait()
		}
	})
}

// TestBesideAnAddressKeepsNobodyOut: not even by requests whose answers it does not read.
func TestBesideAnAddressKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	c := newConnections(besideBounds)
	for range besideConnections {
		c.connect("[2001:db8::9]:1", http.StateActive)
	}
	if monitoring := c.connect("192.0.2.1:1"); monitoring.closed {
		t.Error("there is no room for another address")
	}
}

func TestBesideIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := newMemoryListener()
		stop := StartAuxiliary(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 1<<20))
		}))
		s := &testServer{listener: listener}
		first := s.connect(t)
		synctest.Wait()
		for range besideConnections {
			s.connect(t)
			synctest.Wait()
		}
		wantCut(t, first)
		unread, began := s.connect(t), time.Now()
		if _, err := io.WriteString(unread, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		waitCut(unread)
		if took := time.Since(began); took != besideWriteTimeout {
			t.Errorf("who does not read was cut after %v", took)
		}
		stop()
		if _, err := listener.dial(t.Context(), "", ""); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}
