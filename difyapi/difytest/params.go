package difytest

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// listParams are the eight parameters of the list.
type listParams struct {
	keyword       string
	status        string
	after, before int64 // seconds, both included; the widest where absent
	session       string
	account       string
	page, limit   int
}

const (
	defaultPage  = 1
	defaultLimit = 20
	maxPage      = 99999
	maxLimit     = 100
)

func (p listParams) offset() int { return (p.page - 1) * p.limit }

// numberParam is a parameter that is an integer from 1 to largest.
type numberParam struct {
	parameter string
	largest   int
	into      *int
}

func (p *listParams) numbers() []numberParam {
	return []numberParam{{"page", maxPage, &p.page}, {"limit", maxLimit, &p.limit}}
}

// parseListParams reads the query as a release does. The wording of what is
// wrong with it changed with the releases; what is right and wrong hardly did.
func parseListParams(version release, values url.Values) (listParams, *answer) {
	check := checkByReqparse
	if version.has(pydanticUsed) {
		check = checkByPydantic
	}
	params := listParams{
		keyword: values.Get("keyword"),
		session: values.Get("created_by_end_user_session_id"),
		account: values.Get("created_by_account"),
		page:    defaultPage,
		limit:   defaultLimit,
	}
	if refusal := check(version, values, &params); refusal != nil {
		return params, refusal
	}
	if !version.has(timeBoundsAdded) {
		return params, nil
	}
	if err := params.readBounds(version, values); err != nil {
		return params, new(invalidParam(err.Error()))
	}
	return params, nil
}

// readBounds turns times with fractions into the seconds that they include.
// An empty parameter counts as absent.
func (p *listParams) readBounds(version release, values url.Values) error {
	open := everything()
	p.after, p.before = open.after, open.before
	if text := values.Get("created_at__before"); text != "" {
		before, err := parseTime(version, text)
		if err != nil {
			return err
		}
		p.before = before.Unix()
	}
	if text := values.Get("created_at__after"); text != "" {
		after, err := parseTime(version, text)
		if err != nil {
			return err
		}
		p.after = after.Add(time.Second - 1).Unix()
	}
	return nil
}

func filterable(status string) bool { return slices.Contains(filterableStatuses, status) }

// pythonInt reads what Python's int() takes: blanks around, a sign, and single
// underscores between digits. Values beyond any that matters stop at a bound.
func pythonInt(text string) (int, bool) {
	const huge = 1 << 40
	text = strings.Trim(text, " \t\n\r\v\f")
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || digits == "" {
		return 0, false
	}
	n := 0
	for i, c := range []byte(digits) {
		switch {
		case c >= '0' && c <= '9':
			n = min(n*10+int(c-'0'), huge)
		case c == '_' && i > 0 && i < len(digits)-1 && digits[i-1] != '_':
		default:
			return 0, false
		}
	}
	if text[0] == '-' {
		n = -n
	}
	return n, true
}
