package config

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// parseAddress gives the absolute http or https URL that text is, without a
// user, a fragment and blanks: an issuer's caller is called by both, with a
// blank between.
func parseAddress(text string) (*url.URL, bool) {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" {
		return nil, false
	}
	return address, address.Hostname() != "" && address.User == nil &&
		(address.Port() == "" || isPort(address.Port())) &&
		!strings.ContainsAny(text, "# ")
}

func isBaseURL(text string) bool {
	_, ok := parseAddress(text)
	return ok && !strings.Contains(text, "?")
}

// isGuardedURL wants answers that nobody on the way can change: who changes an
// issuer's keys makes tokens of their own.
func isGuardedURL(text string) bool {
	address, ok := parseAddress(text)
	return ok && (address.Scheme == "https" || isLoopbackHost(address.Hostname()))
}

func isIssuerURL(text string) bool { return isGuardedURL(text) && !strings.Contains(text, "?") }

// isOrigin tells whether text is as browsers write an Origin, except that its
// letters may be large.
func isOrigin(text string) bool {
	address, ok := parseAddress(text)
	return ok && isHostName(address.Hostname()) &&
		strings.EqualFold(text, address.Scheme+"://"+address.Host) && !strings.HasSuffix(text, ":")
}

// isHostName tells whether text is a name or an address without a port. An
// IPv6 address may stand in brackets.
func isHostName(text string) bool {
	if inside, ok := strings.CutPrefix(text, "["); ok {
		address, err := netip.ParseAddr(strings.TrimSuffix(inside, "]"))
		return err == nil && address.Is6() && strings.HasSuffix(text, "]")
	}
	_, err := netip.ParseAddr(text)
	return err == nil || text != "" && hostName.MatchString(text)
}

// isPort tells whether text is a port number. 0 lets the system choose one.
func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}
