package difyapi

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Bounds on what a connection may take. The wait for the first byte of an answer has none of its own: Dify sends nothing before
// a page is computed, which takes long in a large database.
const (
	connectTimeout = 5 * time.Second // for TCP, and again for TLS
	// idleTimeout is shorter than the two seconds after which gunicorn closes idle connections, so that no request meets one
	// that the server has just closed; and an idle connection holds one of a Dify's few places.
	idleTimeout = time.Second
	// maxConnectionsPerServer is no limit that is ever met: those of the servers are.
	maxConnectionsPerServer = 1000
)

// NewTransport makes a transport for clients. Connections that clients of a [Pool] need are bounded by server.
// It takes the proxy from the environment, asks for gzip, and bounds an answer's header to 64 KiB.
//
// It speaks HTTP/1.1 alone. There each call has a connection, which the limits count, and a connection that is dead goes with the
// call that finds out. One of HTTP/2 would serve on, and make call after call time out; and gunicorn, which serves Dify,
// does not speak it.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: proxyCause,
		DialContext:            dialWithin(dialer.DialContext),
		Protocols:              protocols,
		TLSClientConfig:        &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0)}, // connections are short
		TLSHandshakeTimeout:    connectTimeout,
		MaxIdleConns:           0, // no bound over all hosts: the bound per server is the one that matters
		MaxIdleConnsPerHost:    maxConnectionsPerServer,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

type serverKey struct{}

// withServer lets connections that requests under the context need count as the server's.
func withServer(ctx context.Context, s *server) context.Context {
	return context.WithValue(ctx, serverKey{}, s)
}

// dialWithin lets connections wait until their server may have one more.
func dialWithin(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if s, ok := ctx.Value(serverKey{}).(*server); ok {
			return s.dial(ctx, dial, network, address)
		}
		return dial(ctx, network, address)
	}
}
