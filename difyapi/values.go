package difyapi

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// The functions of this file read a member's value, in every form that has one meaning: numbers and booleans in text, whole
// numbers with a point, numbers where text is expected. They report false for all others.

// text takes what is no text as it is written, but nothing that has members.
func text(v value) (string, bool) {
	if v.kind == jsontext.KindBeginObject || v.kind == jsontext.KindBeginArray {
		return "", false
	}
	return string(v.text), true
}

// written takes any value as it is written: for names that Dify may have more of, and that everything has one of.
func written(v value) (string, bool) { return string(v.text), true }

func status(v value) (RunStatus, bool) { return RunStatus(v.text), true }

// text and written are the functions of these names, without what is withheld.
func (r *bodyReader) text(v value) (string, bool) {
	shown, ok := text(v)
	return r.redactor.text(shown), ok
}

func (r *bodyReader) written(v value) (string, bool) {
	shown, ok := written(v)
	return r.redactor.text(shown), ok
}

// jsonNumber is the form of numbers in JSON.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// numeral is the number that the value is, or that its text is.
func numeral(v value) (string, bool) {
	switch v.kind {
	case jsontext.KindNumber:
		return string(v.text), true
	case jsontext.KindString:
		trimmed := bytes.TrimSpace(v.text)
		return string(trimmed), jsonNumber.Match(trimmed)
	default:
		return "", false
	}
}

// number reads whole numbers, exactly.
func number[T int | int64](v value) (T, bool) {
	digits, ok := numeral(v)
	n, exact := integer(digits)
	return T(n), ok && exact && int64(T(n)) == n
}

func whole(v value) (int, bool) { return number[int](v) }

// largestExact is up to where every whole number is a float64 of its own.
const largestExact = 1 << 53

// integer is the whole number that digits are, if they are one and no nearby number can be meant.
func integer(digits string) (int64, bool) {
	if before, after, _ := strings.Cut(digits, "."); strings.Trim(after, "0") == "" {
		digits = before
	}
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(digits, 64)
	return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) <= largestExact
}

func decimal(v value) (float64, bool) {
	digits, ok := numeral(v)
	f, err := strconv.ParseFloat(digits, 64)
	return f, ok && err == nil
}

// flag takes 0 and 1, too, as some databases have them.
func flag(v value) (on, ok bool) {
	switch strings.ToLower(string(v.text)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	default:
		return false, false
	}
}

// identity reads a UUID in any of its forms.
func identity(v value) (uuid.UUID, bool) {
	id, err := uuid.ParseBytes(v.text)
	return id, v.kind == jsontext.KindString && err == nil
}

// texts reads an array of texts.
func texts(v value) ([]string, bool) {
	if v.kind != jsontext.KindBeginArray {
		return nil, false
	}
	var raw []jsontext.Value
	if err := json.Unmarshal(v.text, &raw, decoding); err != nil {
		return nil, false
	}
	list := make([]string, len(raw))
	for i, element := range raw {
		if json.Unmarshal(element, &list[i], decoding) != nil {
			return nil, false
		}
	}
	return list, true
}

// json takes a value as it is, to pass it on.
func (r *bodyReader) json(v value) (jsontext.Value, bool) {
	raw := r.original(v)
	err := raw.Format(variablesSyntax)
	if err != nil || depth(raw) > maxDepth {
		return nil, false
	}
	return r.redactor.value(raw), true
}

// variables reads a run's inputs or outputs. What is wrong with them is said by [Variables.Value]. A string is taken for a text
// that holds JSON, and looked into once: a string within the text is a string.
func (r *bodyReader) variables(dec *jsontext.Decoder, to *Variables) error {
	v, _, err := r.next(dec)
	if err != nil {
		return err
	}
	if v.kind == jsontext.KindString {
		*to = newVariables(bytes.Clone(v.text))
	} else {
		*to = newVariables(r.original(v))
	}
	if to.err == nil {
		to.value = r.redactor.value(to.value)
	}
	return nil
}

// lastSecond is 9999-12-31T23:59:59Z, beyond which RFC 3339 has no form.
const lastSecond = 253402300799

// firstMilli is the first number that is taken for milliseconds, in 2001. As seconds it would be in the year 33658.
const firstMilli = 1_000_000_000_000

// instant reads Dify's times, UTC: whole seconds since 1970, which some servers write as 1795418445.0 and some as milliseconds;
// text in the manner of RFC 822 in runs before 1.2.0; ISO 8601 of end users, in UTC where there is no offset, with fractions.
func instant(v value) (time.Time, bool) {
	if _, ok := numeral(v); ok {
		return unixTime(v)
	}
	if v.kind != jsontext.KindString {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.RFC1123Z, http.TimeFormat} {
		if parsed, err := time.Parse(layout, string(v.text)); err == nil && writable(parsed) {
			return parsed.UTC(), true
		}
	}
	return time.Time{}, false
}

// unixTime drops fractions: Dify keeps whole seconds.
func unixTime(v value) (time.Time, bool) {
	f, ok := decimal(v)
	switch {
	case !ok || f < 0:
		return time.Time{}, false
	case f >= firstMilli && f < (lastSecond+1)*1000:
		return time.Unix(int64(f)/1000, 0).UTC(), true
	case f < lastSecond+1:
		return time.Unix(int64(f), 0).UTC(), true
	default:
		return time.Time{}, false
	}
}

// ErrNotUUID is wrapped by the error for an id that is no UUID. Nothing was sent: Dify on PostgreSQL would answer 500.
var ErrNotUUID = errors.New("the id is not a UUID of 36 characters")

// ParseUUID reads an id in the form that Dify writes, 36 characters with hyphens, in either case. Other forms of UUIDs, such as
// urn:uuid: and braces, are refused. The error is [ErrNotUUID]; it does not repeat the text.
func ParseUUID(text string) (uuid.UUID, error) {
	if len(text) != len(uuid.Nil.String()) {
		return uuid.Nil, ErrNotUUID
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, ErrNotUUID
	}
	return id, nil
}

// Unreadable names the members of an object that Dify wrote in a form without a meaning here, such as a boolean for a number
// of tokens. They are by Dify's names, and the fields that they belong to are as if Dify had not written them. Nil where all
// could be read, which is the rule.
type Unreadable []string

// Has reports whether the member could not be read.
func (u Unreadable) Has(member string) bool { return slices.Contains(u, member) }

// Err is the error for whoever wants the member, of [KindBadResponse]; nil where it could be read, or was not there.
func (u Unreadable) Err(member string) error {
	if !u.Has(member) {
		return nil
	}
	return &Error{Kind: KindBadResponse, Status: http.StatusOK, Place: member, cause: unreadableError(member)}
}

// unreadableError is for the member of that name. It says which form was expected, and nothing of what Dify has written.
type unreadableError string

func (e unreadableError) Error() string {
	return string(e) + " is not " + cmp.Or(forms[string(e)], "a text")
}

// Unwrap gives the words to callers, too.
func (e unreadableError) Unwrap() error { return Reason(e.Error()) }

// forms are what members have to be, all others but texts.
var forms = map[string]string{
	"id":                  aUUID,
	"app_id":              aUUID,
	"workflow_id":         aUUID,
	"workflow_run":        anObject,
	"created_by_account":  anObject,
	"created_by_end_user": anObject,
	"total_tokens":        aWholeNumber,
	"total_steps":         aWholeNumber,
	"exceptions_count":    aWholeNumber,
	"elapsed_time":        "a number of 64 bits",
	"created_at":          aTime,
	"updated_at":          aTime,
	"finished_at":         aTime,
	"is_anonymous":        "true or false",
	"details":             "JSON nested at most 500 deep",
	"tags":                "a list of texts",
}

const (
	aUUID        = "a UUID"
	anObject     = "an object with an id"
	aWholeNumber = "a whole number of 64 bits"
	aTime        = "a time in one of Dify's forms"
)

// place writes where a value stands in a body: data[3].created_at. The names are those of this package's own fields, never
// ones that only the body has.
func place(pointer jsontext.Pointer) string {
	var b strings.Builder
	for token := range pointer.Tokens() {
		switch {
		case isIndex(token):
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	return b.String()
}

func isIndex(token string) bool {
	return token != "" && strings.Trim(token, "0123456789") == ""
}

// topLevel are those of an answer that is one object.
func topLevel(pointers []jsontext.Pointer) Unreadable {
	var u Unreadable
	for _, pointer := range pointers {
		u = append(u, pointer.LastToken())
	}
	return u
}

// mark notes at a row's objects which of their members could not be read, by the members' path from the row.
func (l *WorkflowLog) mark(path []string) {
	switch {
	case len(path) == 1:
		l.Unreadable = append(l.Unreadable, path[0])
	case len(path) == 0: // the row itself, which is nil then
	case path[0] == "workflow_run" && l.WorkflowRun != nil:
		l.WorkflowRun.Unreadable = append(l.WorkflowRun.Unreadable, path[1])
	case path[0] == "created_by_account" && l.CreatedByAccount != nil:
		l.CreatedByAccount.Unreadable = append(l.CreatedByAccount.Unreadable, path[1])
	case path[0] == "created_by_end_user" && l.CreatedByEndUser != nil:
		l.CreatedByEndUser.Unreadable = append(l.CreatedByEndUser.Unreadable, path[1])
	}
}
