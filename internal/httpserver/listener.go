package httpserver

import (
	"errors"
	"net"
)

// persistentListener is a listener at which [http.Server] never gives up. The server tries again after some errors of the system's, as where there are
// no more descriptors, and ends at others that pass as well, as where there is no memory for another connection.
type persistentListener struct {
	net.Listener

	open *connections
}

// Accept gives errors after which the server waits up to a second and tries again, except that the listener is closed. What
// the system lacks, connections that nobody uses may have.
func (p persistentListener) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		p.open.giveWay()
		return nil, temporaryError{err}
	}
	return conn, err
}

// temporaryError is a [net.Error] after which the server tries again.
type temporaryError struct{ error }

func (temporaryError) Timeout() bool   { return false }
func (temporaryError) Temporary() bool { return true }
func (p temporaryError) Unwrap() error { return p.error }
