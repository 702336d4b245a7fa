package list

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// StatusUnknown stands, in a filter, for every status that the schema has no name for.
const StatusUnknown difyapi.RunStatus = ""

// Filter says which rows: all given conditions hold. Nil, and a range without bounds, is no condition. A list without
// elements that is not nil is refused, and so is a text that is empty or blank: who asks for the runs of an e-mail address
// that is missing must not be shown everybody's.
type Filter struct {
	// Keyword is text as a person writes it; it is sent as Dify stores it.
	Keyword *string `json:"keyword,omitempty"`
	// Status is any of these.
	Status []difyapi.RunStatus `json:"status,omitempty"`
	// CreatedAt is in whole seconds once canonical, see [TimeRange].
	CreatedAt *TimeRange `json:"createdAt,omitempty"`
	// EndUserSessionID is any of these, at most [maxSessions].
	EndUserSessionID []string `json:"endUserSessionId,omitempty"`
	AccountEmail     *string  `json:"accountEmail,omitempty"`
	// CreatedFrom and TriggeredFrom are any of these, as Dify writes them.
	CreatedFrom   []string `json:"createdFrom,omitempty"`
	TriggeredFrom []string `json:"triggeredFrom,omitempty"`
	// ElapsedTime is in seconds.
	ElapsedTime *FloatRange `json:"elapsedTime,omitempty"`
	TotalTokens *Int64Range `json:"totalTokens,omitempty"`
	// HasError is whether the run has an error message.
	HasError *bool `json:"hasError,omitempty"`
	// Error is what its message contains.
	Error *ErrorFilter `json:"error,omitempty"`
	// EndUser is set if the list is that of an end user; then EndUserSessionID is the end user's one session id. Cursors hold the
	// end user's id and not the session id, which not everybody who may read the list may see.
	EndUser *uuid.UUID `json:"endUser,omitempty"`
	// MatchesNone excludes every row: two conditions of it can't both hold.
	MatchesNone bool `json:"nothing,omitempty"`
}

// ErrorFilter is for runs whose error message contains a text, whatever the case of both.
type ErrorFilter struct {
	// Contains is in small letters once canonical.
	Contains string `json:"contains"`
}

// TimeRange is from Since, up to but not including Until. A row of second s is at s exactly, so bounds with fractions are
// the same as the next whole second.
type TimeRange struct {
	Since *time.Time `json:"since,omitempty"`
	Until *time.Time `json:"until,omitempty"`
}

// FloatRange is from Min to Max, both included.
type FloatRange struct {
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// Int64Range is from Min to Max, both included.
type Int64Range struct {
	Min *int64 `json:"min,omitempty"`
	Max *int64 `json:"max,omitempty"`
}

// OfEndUser is this filter, for the rows of one end user alone. session is the end user's session id, and not empty. The id may be
// zero where no cursor of the list is shown.
func (f Filter) OfEndUser(id uuid.UUID, session string) Filter {
	f.EndUser = &id
	if f.EndUserSessionID != nil && !slices.Contains(f.EndUserSessionID, session) {
		f.MatchesNone = true
	}
	f.EndUserSessionID = []string{session}
	return f
}

// Limits of a filter.
const (
	maxSessions = 20
	// maxText is the length of the columns that Dify compares session ids and e-mails with.
	maxText = 255
)

// canonical checks the filter and returns the one that stands for all that mean the same: no empty conditions, sets
// sorted and without duplicates, times in UTC and whole seconds.
func (f Filter) canonical() (Filter, error) {
	c := Filter{HasError: f.HasError, EndUser: f.EndUser, MatchesNone: f.MatchesNone}
	var errs [9]error
	c.Keyword, errs[0] = canonicalKeyword(f.Keyword)
	c.Status, errs[1] = canonicalSet("filter.status", f.Status)
	c.CreatedAt, errs[2] = f.CreatedAt.canonical()
	c.EndUserSessionID, errs[3] = f.canonicalSessions()
	c.AccountEmail, errs[4] = canonicalText("filter.accountEmail", f.AccountEmail)
	c.CreatedFrom, errs[5] = canonicalNames("filter.createdFrom", origins(f.CreatedFrom))
	c.TriggeredFrom, errs[6] = canonicalNames("filter.triggeredFrom", f.TriggeredFrom)
	c.ElapsedTime, c.TotalTokens, errs[7] = canonicalRanges(f.ElapsedTime, f.TotalTokens)
	c.Error, errs[8] = f.Error.canonical()
	for _, err := range errs {
		if err != nil {
			return Filter{}, err
		}
	}
	return c, nil
}

func canonicalKeyword(keyword *string) (*string, error) {
	if keyword == nil {
		return nil, nil
	}
	return keyword, checkNotBlank("filter.keyword", *keyword)
}

func canonicalSet[T ~string](argument string, set []T) ([]T, error) {
	if set == nil {
		return nil, nil
	}
	if len(set) == 0 {
		return nil, NewInputError(argument, "an empty list matches no run; name at least one value, or leave it out")
	}
	return slices.Compact(slices.Sorted(slices.Values(set))), nil
}

// canonicalSessions takes any session id that Dify gave an end user, blanks too.
func (f Filter) canonicalSessions() ([]string, error) {
	const argument = "filter.endUserSessionId"
	if f.EndUser != nil {
		return f.EndUserSessionID, checkStorable(argument, f.EndUserSessionID[0])
	}
	set, err := canonicalNames(argument, f.EndUserSessionID)
	if err == nil && len(set) > maxSessions {
		return nil, NewInputError(argument, "at most %d session ids, not %d", maxSessions, len(set))
	}
	return set, err
}

func canonicalNames(argument string, names []string) ([]string, error) {
	set, err := canonicalSet(argument, names)
	if err != nil {
		return nil, err
	}
	for _, name := range set {
		if err := checkText(argument, name); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// origins are names as all versions of Dify are made to write them.
func origins(names []string) []string {
	names = slices.Clone(names)
	for i := range names {
		names[i] = difyapi.Origin(names[i])
	}
	return names
}

func canonicalText(argument string, text *string) (*string, error) {
	if text == nil {
		return nil, nil
	}
	return text, checkText(argument, *text)
}

func checkText(argument, text string) error {
	if err := checkNotBlank(argument, text); err != nil {
		return err
	}
	return checkStorable(argument, text)
}

// checkStorable refuses what Dify's database can't hold, and would answer with a server error.
func checkStorable(argument, text string) error {
	if utf8.RuneCountInString(text) > maxText {
		return NewInputError(argument, "at most %d characters", maxText)
	}
	if strings.ContainsRune(text, 0) {
		return NewInputError(argument, "the character U+0000 is not allowed")
	}
	return nil
}

// checkNotBlank refuses a text that Dify would ignore, or that is in nearly every run.
func checkNotBlank(argument, text string) error {
	if strings.TrimSpace(text) == "" {
		return NewInputError(argument, "a text that is empty or blank names nothing; give another, or leave the argument out")
	}
	return nil
}

func (e *ErrorFilter) canonical() (*ErrorFilter, error) {
	if e == nil {
		return nil, nil
	}
	return &ErrorFilter{strings.ToLower(e.Contains)}, checkText("filter.error.contains", e.Contains)
}

func (r *TimeRange) canonical() (*TimeRange, error) {
	if r == nil || r.Since == nil && r.Until == nil {
		return nil, nil
	}
	if r.Since != nil && r.Until != nil && !r.Since.Before(*r.Until) {
		return nil, NewInputError("filter.createdAt", "since (%s) must be before until (%s)",
			r.Since.UTC().Format(time.RFC3339Nano), r.Until.UTC().Format(time.RFC3339Nano))
	}
	c := TimeRange{Since: nextSecond(r.Since), Until: nextSecond(r.Until)}
	if c.Until != nil && c.Until.Unix() > LastSecond {
		c.Until = nil // as far as rows go
	}
	if c.Since != nil && c.Since.Unix() > LastSecond {
		last := time.Unix(LastSecond, 0).UTC() // beyond all rows, in times that can be written
		return &TimeRange{Since: &last, Until: &last}, nil
	}
	if c == (TimeRange{}) {
		return nil, nil
	}
	return &c, nil
}

// Rows have Unix seconds from the first of these to the last: Dify's begin with 1970, and what RFC 3339 can write ends with the
// year 9999.
const (
	FirstSecond = 1
	LastSecond  = 253402300799
)

// nextSecond is t, or the next whole second after it; not before the seconds that rows can have, and one beyond them at most.
func nextSecond(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	second := t.Unix()
	if t.Nanosecond() > 0 {
		second++
	}
	return new(time.Unix(min(max(second, FirstSecond), LastSecond+1), 0).UTC())
}

func canonicalRanges(elapsed *FloatRange, tokens *Int64Range) (*FloatRange, *Int64Range, error) {
	if elapsed != nil && elapsed.Min == nil && elapsed.Max == nil {
		elapsed = nil
	}
	if tokens != nil && tokens.Min == nil && tokens.Max == nil {
		tokens = nil
	}
	if elapsed != nil && !finite(elapsed.Min, elapsed.Max) {
		return nil, nil, NewInputError("filter.elapsedTime", "min and max must be finite numbers of seconds")
	}
	if elapsed != nil && above(elapsed.Min, elapsed.Max) {
		return nil, nil, NewInputError("filter.elapsedTime", "min (%v) must not be above max (%v)", *elapsed.Min, *elapsed.Max)
	}
	if tokens != nil && above(tokens.Min, tokens.Max) {
		return nil, nil, NewInputError("filter.totalTokens", "min (%d) must not be above max (%d)", *tokens.Min, *tokens.Max)
	}
	return elapsed, tokens, nil
}

func above[T int64 | float64](lowest, highest *T) bool {
	return lowest != nil && highest != nil && *lowest > *highest
}

func finite(bounds ...*float64) bool {
	return !slices.ContainsFunc(bounds, func(b *float64) bool { return b != nil && (math.IsNaN(*b) || math.IsInf(*b, 0)) })
}
