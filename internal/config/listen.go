package config

import (
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// unguarded is the rule that keeps logs from strangers: runs hold what people
// wrote, and without identities everybody who reaches the server may read them.
const unguarded = "is more than a loopback address, so that anyone who reaches it reads the logs; " +
	"listen on 127.0.0.1, say under auth who may call, or set auth: none (DIFYGRAPH_AUTH=none) if that is what you want"

// openMetrics is the same for numbers, which tell what apps there are, and how
// much they are used.
const openMetrics = "is more than a loopback address, so that anyone who reaches it reads the numbers; " +
	"listen on 127.0.0.1, or set metrics.open: true (DIFYGRAPH_METRICS_OPEN=true) where only your monitoring reaches it"

// checkReach refuses an address that other machines reach, unless told who may
// call, or that nobody needs an identity.
func checkReach(cfg *Config, found *report) {
	if !cfg.Auth.None && !cfg.Auth.Identifies() && !isLoopback(cfg.Listen) {
		found.require("listen", unguarded)
	}
	if cfg.Metrics.Listen != "" && !cfg.Metrics.Open && !isLoopback(cfg.Metrics.Listen) {
		found.require("metrics.listen", openMetrics)
	}
}

// isLoopback tells whether only this machine reaches the host:port. Names
// other than localhost do not count: what they mean may change.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && isLoopbackHost(host)
}

func isLoopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// hostName is a name, an IPv4 address, or nothing for all addresses.
var hostName = regexp.MustCompile(`^[0-9A-Za-z._-]*$`)

func isHostPort(listen string) bool {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || !isPort(port) {
		return false
	}
	_, err = netip.ParseAddr(host)
	return err == nil || hostName.MatchString(host)
}

// HostNames are the names and addresses, without a port, by which a server
// that asks nobody who they are is asked for: Hosts, and what Listen names.
func (c *Config) HostNames() []string { return c.hostNames(c.Listen) }

// MetricsHostNames are those by which its metrics are asked for.
func (c *Config) MetricsHostNames() []string { return c.hostNames(c.Metrics.Listen) }

func (c *Config) hostNames(listen string) []string {
	host, _, err := net.SplitHostPort(listen)
	address, _ := netip.ParseAddr(host) // a name is no address, and not all of them
	if err != nil || host == "" || address.IsUnspecified() {
		return c.Hosts
	}
	return append(slices.Clip(c.Hosts), host)
}
