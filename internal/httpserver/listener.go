package httpserver

import (
	"errors"
	"net"
)

// patient is a listener that is never given up. [http.Server] tries again after some errors of the system's, as where there are
// no more descriptors, and ends at others that pass as well, as where there is no memory for another connection.
type patient struct {
	net.Listener

	open *connections
}

// Accept gives errors after which the server waits up to a second and tries again, except that the listener is closed. What
// the system lacks, connections that nobody uses may have.
func (p patient) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		p.open.giveWay()
		return nil, passing{err}
	}
	return conn, err
}

// passing is a [net.Error].
type passing struct{ error }

func (passing) Timeout() bool   { return false }
func (passing) Temporary() bool { return true }
func (p passing) Unwrap() error { return p.error }
