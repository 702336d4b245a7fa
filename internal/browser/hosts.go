package browser

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"

	"github.com/difygraph/difygraph/graph/code"
)

// misdirected is what a request by an unknown name is told.
const misdirected = "this server asks nobody who they are, so it answers only by names that it knows; " +
	"ask for it as localhost, or add the name under hosts in its configuration (DIFYGRAPH_HOSTS)"

// Hosts serves requests for localhost, 127.0.0.1, [::1] and the configured names and addresses, on any port, and answers
// others by 421. It is for servers that ask nobody who they are: a page can make its own name mean this server, and would
// then be of the same origin, but it can't choose what the browser sends as Host.
//
// Names are without a port, in letters of any case; an IPv6 address may stand in brackets.
func Hosts(names []string, refuse code.Refuse) func(http.Handler) http.Handler {
	known := knownHosts(names)
	return onlyBy(func(host string) bool { return known[host] }, refuse)
}

// HostsOrAddresses is Hosts, but answers by any address too, for servers that are asked for by the addresses of machines. A page
// can't make an address mean another machine; it may be a page of this one's other servers.
func HostsOrAddresses(names []string, refuse code.Refuse) func(http.Handler) http.Handler {
	known := knownHosts(names)
	return onlyBy(func(host string) bool {
		_, err := netip.ParseAddr(host)
		return known[host] || err == nil
	}, refuse)
}

func knownHosts(names []string) map[string]bool {
	known := map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}
	for _, name := range names {
		known[canonicalHost(strings.Trim(name, "[]"))] = true
	}
	return known
}

func onlyBy(known func(host string) bool, refuse code.Refuse) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if host, ok := hostOf(r.Host); !ok || !known(host) {
				refuse(w, r, http.StatusMisdirectedRequest, code.Forbidden, misdirected)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// authority is a Host header: an IPv6 address in brackets or a name, and perhaps a port. Browsers write names in ASCII.
var authority = regexp.MustCompile(`^(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Za-z._-]+))(?::[0-9]*)?$`)

// maxHostBytes is what a name can have, with a port.
const maxHostBytes = 253 + len(":65535")

// hostOf gives the name or address in a Host header.
func hostOf(header string) (string, bool) {
	if len(header) > maxHostBytes {
		return "", false
	}
	parts := authority.FindStringSubmatch(header)
	if parts == nil {
		return "", false
	}
	return canonicalHost(parts[1] + parts[2]), true
}

// canonicalHost is the host in small letters, without the dot of the root, and an IPv6 address in its one short form.
func canonicalHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if address, err := netip.ParseAddr(host); err == nil {
		return address.String()
	}
	return host
}
