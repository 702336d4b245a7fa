package config

import (
	"net"
	"net/netip"
	"regexp"
	"strings"
)

// unguarded is the rule that keeps logs from strangers: runs hold what people
// wrote, and without identities everybody who reaches the server may read them.
const unguarded = "is more than a loopback address, so that anyone who reaches it reads the logs; " +
	"listen on 127.0.0.1, or set auth: none (DIFYGRAPH_AUTH=none) if that is what you want"

// checkReach refuses an address that other machines reach, unless told that
// nobody needs an identity.
func checkReach(cfg *Config, found *report) {
	if cfg.Auth != "none" && !isLoopback(cfg.Listen) {
		found.blame("listen", unguarded)
	}
}

// isLoopback tells whether only this machine reaches the host:port. Names
// other than localhost do not count: what they mean may change.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
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
