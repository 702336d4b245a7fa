package httpserver

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Bounds say how many connections may be open at once. Each holds a descriptor, a goroutine and its buffers, and up to 32 KiB
// of a header. 0 is no bound.
type Bounds struct {
	// Connections are those of all clients.
	Connections int
	// PerAddress are those of one address, or of one IPv6 network of 64 bits.
	PerAddress int
}

// connections are those that are open. A new one always gets in as long as there is one that waits for its client: that which
// has waited longest gives way, of the same address if that has too many, or of the address that has most. So who opens
// connections and sends nothing, or a byte at a time, keeps out nobody but itself.
type connections struct {
	bounds Bounds

	mu    sync.Mutex
	open  map[net.Conn]*connection
	peers map[netip.Prefix]*peer

	bodiesEnd time.Time // by when bodies must have arrived; zero until the service drains
	refused   bool
}

// connection is guarded by connections.mu.
type connection struct {
	net.Conn

	peer  *peer
	list  *list.List // of the peer's, where it waits for its client; nil while the client waits
	place *list.Element
}

// peer is an address.
type peer struct {
	address  netip.Prefix
	open     int
	waiting  list.List // connections that wait for a request, the longest first
	arriving list.List // and those that wait for the body of one
}

func newConnections(bounds Bounds) *connections {
	return &connections{bounds: bounds, open: make(map[net.Conn]*connection), peers: make(map[netip.Prefix]*peer)}
}

// note is an [http.Server.ConnState]. A request is under way from the end of its header on.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.open[conn]
	switch {
	case state == http.StateNew:
		c.admit(conn)
	case known == nil: // it had to go
	case state == http.StateActive:
		known.waitIn(nil)
	case state == http.StateIdle:
		known.waitIn(&known.peer.waiting)
	default:
		c.forget(known)
	}
}

// admit makes room for a connection, or closes it.
func (c *connections) admit(conn net.Conn) {
	address := ClientPrefix(conn.RemoteAddr().String())
	if c.refused || !c.makeRoom(address) {
		_ = conn.Close()
		return
	}
	p := c.peers[address]
	if p == nil {
		p = &peer{address: address}
		c.peers[address] = p
	}
	p.open++
	known := &connection{Conn: conn, peer: p}
	known.waitIn(&p.waiting)
	c.open[conn] = known
}

func (c *connections) makeRoom(address netip.Prefix) bool {
	if own := c.peers[address]; own != nil && c.bounds.PerAddress > 0 && own.open >= c.bounds.PerAddress {
		return c.closeLongestWaiting(own)
	}
	if c.bounds.Connections > 0 && len(c.open) >= c.bounds.Connections {
		return c.closeLongestWaiting(c.largest())
	}
	return true
}

// spare is how many connections are closed at once where the system has too many descriptors open: one for the next client,
// and the others for what its request needs.
const spare = 16

// giveWay closes some connections that wait for their clients.
func (c *connections) giveWay() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range spare {
		c.closeLongestWaiting(c.largest())
	}
}

// largest is the address that has most connections, among those with one that can be closed; nil if there is none.
func (c *connections) largest() (largest *peer) {
	for _, p := range c.peers {
		if p.longestWaiting() != nil && (largest == nil || p.open > largest.open) {
			largest = p
		}
	}
	return largest
}

func (c *connections) closeLongestWaiting(p *peer) bool {
	if p == nil || p.longestWaiting() == nil {
		return false
	}
	known := p.longestWaiting().Value.(*connection)
	_ = known.Close()
	c.forget(known)
	return true
}

func (p *peer) longestWaiting() *list.Element {
	return cmp.Or(p.waiting.Front(), p.arriving.Front())
}

func (c *connections) forget(known *connection) {
	known.waitIn(nil)
	delete(c.open, known.Conn)
	if known.peer.open--; known.peer.open == 0 {
		delete(c.peers, known.peer.address)
	}
}

// waitIn puts the connection at the end of a list of its peer's, or in none.
func (k *connection) waitIn(next *list.List) {
	if k.list != nil {
		k.list.Remove(k.place)
	}
	if k.list = next; next != nil {
		k.place = next.PushBack(k)
	}
}

func (k *connection) isArriving() bool { return k.list == &k.peer.arriving }

// endBodies lets the bodies that are arriving, and those that are still to come, do so until then.
func (c *connections) endBodies(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodiesEnd = at
	for _, known := range c.open {
		if known.isArriving() {
			_ = known.SetReadDeadline(at)
		}
	}
}

// cut closes the connections without a request, and those that are still to come. [http.Server.Shutdown] waits five seconds
// for each new one, as if a request were sure to come, and browsers open such connections ahead of need.
func (c *connections) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = true
	for _, known := range c.open {
		if known.list == &known.peer.waiting {
			_ = known.Close() // The server notes it, and the connection is forgotten.
		}
	}
}

type connectionKey struct{}

// withConnection is an [http.Server.ConnContext].
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// follow notes when the body of a request has arrived.
func (c *connections) follow(r *http.Request) *http.Request {
	conn, ok := r.Context().Value(connectionKey{}).(net.Conn)
	if !ok || r.Body == nil || r.Body == http.NoBody {
		return r
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.open[conn]
	if known == nil {
		return r
	}
	known.waitIn(&known.peer.arriving)
	if !c.bodiesEnd.IsZero() {
		_ = known.SetReadDeadline(c.bodiesEnd)
	}
	r = r.WithContext(r.Context()) // a copy: the server keeps the request
	r.Body = &body{ReadCloser: r.Body, connections: c, of: known}
	return r
}

// body is one that is arriving.
type body struct {
	io.ReadCloser

	connections *connections
	of          *connection
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.connections.arrived(b.of)
	}
	return n, err
}

// arrived gives the rest of the request all the time it needs: the server goes on reading, to see whether the client leaves.
func (c *connections) arrived(known *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !known.isArriving() {
		return // read to its end before, or had to go
	}
	known.waitIn(nil)
	if !c.bodiesEnd.IsZero() {
		_ = known.SetReadDeadline(time.Time{})
	}
}

// ClientPrefix is the addresses that count as one client, by an [http.Request.RemoteAddr] of one of them: an IPv4 address by itself,
// and an IPv6 network of 64 bits, within which one sender can choose. All that have no address are one.
func ClientPrefix(remote string) netip.Prefix {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	address, bits := at.Addr().Unmap().WithZone(""), 64
	if address.Is4() {
		bits = 32
	}
	prefix, _ := address.Prefix(bits) // fails for addresses that have fewer bits alone
	return prefix
}
