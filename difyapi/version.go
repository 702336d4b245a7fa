package difyapi

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

// Version is a version of the Dify server. The zero value means unknown. Versions can be compared with == and used as map
// keys; [Version.Compare] orders them.
type Version struct {
	major, minor, patch uint32
	// suffix is what follows the numbers, such as -fix.1, with its separator.
	suffix string
}

var versionPattern = regexp.MustCompile(`^v?([0-9]{1,6})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?([-+.a-z][-+.0-9A-Za-z]{0,40})?$`)

// ParseVersion reads a version as Dify and its operators write it: 1.14.2, v1.14.2, 1.14, 1.14.2-fix.1. What cannot be
// read is the zero Version.
func ParseVersion(text string) Version {
	m := versionPattern.FindStringSubmatch(text)
	if m == nil {
		return Version{}
	}
	return Version{major: versionNumber(m[1]), minor: versionNumber(m[2]), patch: versionNumber(m[3]), suffix: m[4]}
}

// versionNumber reads up to six digits, as the pattern has made sure; none count as 0.
func versionNumber(digits string) uint32 {
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// String is the version with three numbers and its suffix, e.g. 1.14.2-fix.1; empty for the zero Version.
func (v Version) String() string {
	if v.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d%s", v.major, v.minor, v.patch, v.suffix)
}

// IsZero reports whether the version is unknown.
func (v Version) IsZero() bool {
	return v == Version{}
}

// Compare is negative where v is older than other, 0 where they are of one release, positive where v is newer. Suffixes
// do not count: Dify's -fix.1 comes after its release, other suffixes before, and none of them changes the API.
func (v Version) Compare(other Version) int {
	return cmp.Or(cmp.Compare(v.major, other.major), cmp.Compare(v.minor, other.minor), cmp.Compare(v.patch, other.patch))
}

// AtLeast reports whether v is other or newer. The zero Version is older than all.
func (v Version) AtLeast(other Version) bool {
	return v.Compare(other) >= 0
}

// Version is the version in the latest of the server's answers that told one, errors included; else the configured one; else
// zero.
func (c *Client) Version() Version {
	if reported := c.reported.Load(); reported != nil {
		return *reported
	}
	return c.configured
}

// noteVersion remembers what an answer said.
func (c *Client) noteVersion(v Version) {
	if v.IsZero() {
		return
	}
	if known := c.reported.Load(); known == nil || *known != v {
		c.reported.Store(&v)
	}
}

// SettledVersion is [Client.Version] for those who depend on it, and whether [Client.Info] has nothing to add: a version is
// known, or Dify itself has answered that question, with an error perhaps, and a proxy hides what its header says. Where Info
// gave no answer of Dify's, the version is not settled, and may be asked for again.
func (c *Client) SettledVersion() (v Version, settled bool) {
	v = c.Version()
	return v, !v.IsZero() || c.asked.Load()
}

// answeredByDify tells Dify's answers, errors included, from those of a proxy whose Dify is down. Whoever has nothing at an address
// may say so in the form of Dify's errors.
func answeredByDify(err error) bool {
	if err == nil {
		return true
	}
	failure, ok := errors.AsType[*Error](err)
	return ok && failure.Kind == KindStatus && failure.fromDify() && (failure.Status != http.StatusNotFound || failure.Code == codeNoEndUser)
}
