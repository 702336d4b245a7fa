package httpserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// probeTime is below the five seconds that the Dockerfile gives a check.
const probeTime = 3 * time.Second

// Probe asks the server of this machine that listens on host:port whether it lives.
func Probe(ctx context.Context, listen string) error {
	at, err := localURL(listen)
	if err != nil {
		return err
	}
	return probe(ctx, "http://"+at+"/healthz")
}

// localURL is where a server that listens on host:port is found from its own machine, without asking for names.
func localURL(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// probe asks by a transport of its own, since the default one might ask a proxy.
func probe(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := new(http.Transport).RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("the server answers with " + response.Status)
	}
	return nil
}
