package difyapi

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds and defaults of Dify's list.
const (
	MaxLimit     = 100
	MaxPage      = 99999
	DefaultLimit = 20
)

// ErrInvalidQuery is wrapped by the error for a [LogQuery] that Dify would refuse. Nothing was sent.
var ErrInvalidQuery = errors.New("invalid query")

// LogQuery holds all parameters of GET /workflows/logs. The zero value asks for the newest 20 entries.
//
// It is comparable and may serve as a key of caches. Two queries with bounds of time are equal where the times are written
// alike: in UTC, and without the reading of a monotonic clock.
type LogQuery struct {
	// Keyword is sent as it is. Dify compares its first 30 characters (see [KeywordLimit]) with the stored text of inputs
	// and outputs (see [StoredText]) and with the session id, ignoring case; or the whole with the run's id.
	// Together with EndUserSessionID Dify answers 500 before [SinceKeywordInSession].
	Keyword string
	// Status is one of those that Dify filters by: succeeded, failed, stopped; or empty.
	Status RunStatus
	// CreatedAfter and CreatedBefore are inclusive, on the entry's CreatedAt, with up to microseconds; zero is no bound.
	CreatedAfter  time.Time
	CreatedBefore time.Time
	// EndUserSessionID is exact, and sensitive to case. One that is unknown matches nothing.
	EndUserSessionID string
	// AccountEmail is exact, and sensitive to case. One that is unknown is an error from Dify 1.9.2 on, see [IsAccountNotFound].
	AccountEmail string
	// Page counts from 1 to 99999; 0 means 1.
	Page int
	// Limit is the number of entries asked for, 1 to 100; 0 means 20.
	Limit int
}

// Names of Dify's parameters.
const (
	ParamKeyword       = "keyword"
	ParamStatus        = "status"
	ParamCreatedAfter  = "created_at__after"
	ParamCreatedBefore = "created_at__before"
	ParamSession       = "created_by_end_user_session_id"
	ParamAccount       = "created_by_account"
	ParamPage          = "page"
	ParamLimit         = "limit"
)

// Versions that brought something to the list.
var (
	sinceTimeBounds    = ParseVersion("1.0.1")
	sincePeopleFilters = ParseVersion("1.5.0")
	// SinceLiteralKeyword is the first version for which every character of a keyword stands for itself.
	SinceLiteralKeyword = ParseVersion("1.11.3")
	// SinceKeywordInSession is the first version that takes a keyword together with a session id.
	SinceKeywordInSession = ParseVersion("1.17.0")
	// SinceTriggeredFrom is the first version whose list tells what triggered a run.
	SinceTriggeredFrom = ParseVersion("1.10.0")
)

// UnsupportedBy names the first of Dify's parameters in the query that a server of version v ignores in silence, and the
// version that brought it. Such a server answers rows that do not meet the condition. The name is empty where all
// parameters are known, or v is.
func (q LogQuery) UnsupportedBy(v Version) (parameter string, since Version) {
	if v.IsZero() {
		return "", Version{}
	}
	for _, p := range q.versionedParameters() {
		if p.used && !v.AtLeast(p.since) {
			return p.name, p.since
		}
	}
	return "", Version{}
}

type versionedParameter struct {
	name  string
	used  bool
	since Version
}

func (q LogQuery) versionedParameters() []versionedParameter {
	return []versionedParameter{
		{ParamCreatedAfter, !q.CreatedAfter.IsZero(), sinceTimeBounds},
		{ParamCreatedBefore, !q.CreatedBefore.IsZero(), sinceTimeBounds},
		{ParamSession, q.EndUserSessionID != "", sincePeopleFilters},
		{ParamAccount, q.AccountEmail != "", sincePeopleFilters},
	}
}

// KeywordHasWildcards reports whether a server of version v takes characters of the text for wildcards: servers before
// [SinceLiteralKeyword] do so with `%`, `_` and `\`. An unknown version is taken for a newer one. The text is the caller's,
// not its stored form, whose backslashes those servers understand.
func KeywordHasWildcards(text string, v Version) bool {
	return !v.IsZero() && !v.AtLeast(SinceLiteralKeyword) && KeywordDependsOnVersion(text)
}

// KeywordDependsOnVersion reports whether [KeywordHasWildcards] holds for some version.
func KeywordDependsOnVersion(text string) bool { return strings.ContainsAny(text, `%_\`) }

// withDefaults checks the query and puts defaults in the place of zeros.
func (q LogQuery) withDefaults() (LogQuery, error) {
	if q.Page == 0 {
		q.Page = 1
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	return q, q.fault()
}

// fault is the reason why Dify would refuse the query, if it would.
func (q LogQuery) fault() error {
	switch {
	case q.Page < 1 || q.Page > MaxPage:
		return fmt.Errorf("%w: page %d is not within 1 to %d", ErrInvalidQuery, q.Page, MaxPage)
	case q.Limit < 1 || q.Limit > MaxLimit:
		return fmt.Errorf("%w: limit %d is not within 1 to %d", ErrInvalidQuery, q.Limit, MaxLimit)
	case q.Status != "" && !q.Status.Filterable():
		return fmt.Errorf("%w: status %q is not one of succeeded, failed, stopped", ErrInvalidQuery, q.Status)
	case !writable(q.CreatedAfter) || !writable(q.CreatedBefore):
		return fmt.Errorf("%w: a bound of time is outside the years 1 to 9999", ErrInvalidQuery)
	}
	return nil
}

// writable reports whether RFC 3339 has a form for the time.
func writable(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
}

// encode writes the parameters of a query with its defaults filled in. Dify answers 400 to empty ones, so those are left
// out; a plus sign means a blank to Dify as to most, but not to every proxy on the way, so none is written.
func (q LogQuery) encode() string {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	set(ParamKeyword, q.Keyword)
	set(ParamStatus, string(q.Status))
	set(ParamCreatedAfter, encodeTime(q.CreatedAfter))
	set(ParamCreatedBefore, encodeTime(q.CreatedBefore))
	set(ParamSession, q.EndUserSessionID)
	set(ParamAccount, q.AccountEmail)
	set(ParamLimit, strconv.Itoa(q.Limit))
	if q.Page > 1 {
		set(ParamPage, strconv.Itoa(q.Page))
	}
	return strings.ReplaceAll(values.Encode(), "+", "%20")
}

// encodeTime writes Z and not an offset: the plus sign of an offset is lost on the way, and MySQL ignores offsets. Fractions
// have six digits, the only number that Dify before 1.3.0 is sure to read.
func encodeTime(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.Nanosecond() < int(time.Microsecond):
		return t.UTC().Format("2006-01-02T15:04:05Z")
	default:
		return t.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
}

// KeywordLimit is the number of characters of a keyword that Dify compares; it cuts off the rest in silence. It counts
// characters of the keyword as sent, so those of [StoredText] where that is what is sent.
const KeywordLimit = 30

// StoredText is text as Dify stores it within a run's inputs and outputs: the inside of a JSON string in ASCII, as
// Python's json.dumps writes it. `京都` is stored as `\u4eac\u90fd`, a quote as `\"`. A keyword finds inputs and outputs only
// in this form from Dify 1.11.3 on, and in this form too before. Invalid UTF-8 becomes `\ufffd`.
func StoredText(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		writeStoredRune(&b, r)
	}
	return b.String()
}

func writeStoredRune(b *strings.Builder, r rune) {
	switch short, ok := storedShortForms[r]; {
	case ok:
		b.WriteString(short)
	case r >= ' ' && r <= '~':
		b.WriteRune(r)
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
	default: // DEL, too: json.dumps keeps only the printable ASCII
		fmt.Fprintf(b, `\u%04x`, r)
	}
}

var storedShortForms = map[rune]string{
	'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`,
}

// ComparedHead is the longest beginning of a keyword that Dify compares whole: its [StoredText] has at most [KeywordLimit]
// characters, and ends with a whole one. Every text that contains the keyword contains its head.
func ComparedHead(keyword string) string {
	stored := 0
	for i, r := range keyword {
		if stored += len(StoredText(string(r))); stored > KeywordLimit {
			return keyword[:i]
		}
	}
	return keyword
}

// Text is looked for as Dify looks for keywords: anywhere, and case is ignored for ASCII letters alone. Unlike Dify's, it
// may be of any length.
type Text struct{ plain, stored string } // in lower case, the latter as Dify stores it

// NewText takes the text as a person writes it.
func NewText(text string) *Text {
	return &Text{plain: lowerASCII(text), stored: lowerASCII(StoredText(text))}
}

// In tells whether the text occurs in another.
func (t *Text) In(text string) bool {
	return strings.Contains(lowerASCII(text), t.plain)
}

// Has tells whether the text occurs in one of the strings, names included. What is no JSON is looked at as it is.
func (v Variables) Has(t *Text) bool {
	if v.err != nil {
		return t.In(string(v.value)) || strings.Contains(lowerASCII(string(v.value)), t.stored)
	}
	dec := jsontext.NewDecoder(bytes.NewReader(v.value), variablesSyntax)
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return false // the end: that the value is JSON was seen before
		}
		if token.Kind() == jsontext.KindString && t.In(token.String()) {
			return true
		}
	}
}

// StoredIn tells whether the text occurs in another in its stored form, which Dify looks for in session ids, too.
func (t *Text) StoredIn(text string) bool {
	return strings.Contains(lowerASCII(text), t.stored)
}

// Keeps tells whether Dify finds a text of up to [KeywordLimit] characters, as stored, in what it keeps of the variables: anywhere,
// names, numbers and punctuation included.
func (v Variables) Keeps(t *Text) bool { return t.StoredIn(v.kept()) }

// kept is the text that Dify keeps, as Python's json.dumps writes it.
func (v Variables) kept() string {
	text := v.value.Clone()
	if v.err == nil {
		_ = text.Format(variablesSyntax, jsontext.SpaceAfterColon(true), jsontext.SpaceAfterComma(true))
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range string(text) {
		if r > '~' {
			writeStoredRune(&b, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}
