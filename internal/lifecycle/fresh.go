package lifecycle

import (
	"net"
	"net/http"
	"sync"
)

// fresh are the connections on which no request has been read yet. [http.Server.Shutdown] waits five seconds for each, as if
// a request were sure to come, and browsers open such connections ahead of need.
type fresh struct {
	mu          sync.Mutex
	connections map[net.Conn]struct{}
	refused     bool
}

func newFresh() *fresh { return &fresh{connections: make(map[net.Conn]struct{})} }

// note is an [http.Server.ConnState].
func (f *fresh) note(connection net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(f.connections, connection)
	case f.refused:
		_ = connection.Close()
	default:
		f.connections[connection] = struct{}{}
	}
}

// cut closes them, and those that are still to come.
func (f *fresh) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = true
	for connection := range f.connections {
		_ = connection.Close() // The server notes it, and forgets the connection.
	}
}
