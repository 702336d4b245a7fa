package telemetry

import (
	"log/slog"
	"regexp"
	"strings"
)

// libraries takes what the standard library writes to its own log, and what others write there. Its messages repeat what
// clients and upstreams sent, as the bytes that Dify sent beyond an answer's end; of them the fixed words alone are told.
type libraries struct{ log *slog.Logger }

// Write takes a message.
func (l libraries) Write(message []byte) (int, error) {
	words, stack := ownWords(string(message))
	if stack != "" {
		l.log.Error("library: "+words, "stack", stack)
	} else {
		l.log.Warn("library: " + words)
	}
	return len(message), nil
}

// known is how messages begin, as far as they are net/http's own words and numbers, or the system's.
var known = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`http: Accept error: [^"\n]*; retrying in \w+`, // says what the operating system said
	`http: (?:superfluous response\.WriteHeader call|response\.Write(?:Header)? on hijacked connection) from \S+ \(\S+:\d+\)`,
	`http: panic serving`,
	`http: TLS handshake error`,
	`http: invalid Content-Length`,
	`http: WriteHeader called with both Transfer-Encoding`,
	`net/http: invalid (?:byte|Cookie\.Domain)`,
	`Unsolicited response received on idle HTTP channel`,
	`Error enabling Transport HTTP/2 support`,
	`http2: header list too large`,
	`http2: invalid (?:pseudo )?headers?`,
	`http2: panic serving`,
	`http2: Transport received unsolicited DATA frame; closing connection`,
	`http2: 1xx informational responses too large`,
	`protocol error: received`,
}, "|") + `)`)

const withheld = "a message that may repeat what others sent"

// ownWords are those of a message that nobody else chose, and the stack, if it ends with one. What a panic was about may be
// anything, and is left out.
func ownWords(message string) (words, stack string) {
	if at := strings.LastIndex(message, "\ngoroutine "); at >= 0 {
		message, stack = message[:at], message[at+1:]
	}
	if words = known.FindString(message); words == "" {
		words = withheld
	}
	return words, stack
}
