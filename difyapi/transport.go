package difyapi

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// NewTransport makes a transport fit for hundreds of calls to one host at once. The default of net/http keeps two idle
// connections per host, so that all calls above two would connect anew, and would end in ports that wait to be closed.
// It takes the proxy from the environment, asks for gzip, and bounds an answer's header to 64 KiB.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: proxyCause,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConns:           0, // no bound over all hosts: the bound per host is the one that matters
		MaxIdleConnsPerHost:    512,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// sharedTransport serves all clients that are given none, so that apps of one Dify share its connections.
var sharedTransport = sync.OnceValue(NewTransport)
