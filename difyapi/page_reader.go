package difyapi

import (
	"bytes"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// pageReader reads a page of the log as all of Dify's versions write it, without reflection and without an allocation for a
// row: texts are parts of the body, and a row with all that it points to is one piece of a slab. Where anything is odd, [decode]
// reads the page again, and decides what it is.
type pageReader struct {
	scanner
	page logPageBody
	slab []pageRow
}

// pageRow is a row and all that it points to.
type pageRow struct {
	log     WorkflowLog
	run     WorkflowRun
	account Account
	endUser EndUser

	version, trigger, failure string
	elapsed                   float64
	tokens                    int64
	steps, exceptions         int
	created, finished         time.Time
	name, email, session      string
}

// usualRowBytes is what a row takes in Dify's JSON, and moreRows is how many more a page may have than its bytes foretell before
// another slab is needed.
const usualRowBytes, moreRows = 600, 8

// readPage reads a body. It is false where decode has to. The rows hold on to the body.
func readPage(body []byte) (*logPageBody, bool) {
	r := pageReader{scanner: newScanner(body)}
	r.members(0, r.envelope)
	if r.peek(); r.odd || r.at != len(body) {
		return nil, false
	}
	return &r.page, true
}

// The functions below read what a member's name says, and return a bit of its own for each name; 0 for a name that they don't
// know.

func (r *pageReader) envelope(name string) uint32 {
	switch name {
	case "page":
		r.page.Page = r.count()
		return 1 << 4
	case "limit":
		r.page.Limit = r.count()
		return 1 << 0
	case "total":
		r.page.Total = r.count()
		return 1 << 1
	case "has_more":
		r.page.HasMore = r.bool()
		return 1 << 2
	case "data":
		r.rows()
		return 1 << 3
	default:
		return 0
	}
}

func (r *pageReader) count() *int {
	if r.null() {
		return nil
	}
	return new(int(r.natural()))
}

func (r *pageReader) rows() {
	n := min(len(r.body)/usualRowBytes+1, MaxLimit)
	r.slab = make([]pageRow, n)
	r.page.Data = make([]*WorkflowLog, 0, n+moreRows)
	r.expect('[')
	for first := true; r.next(first, ']'); first = false {
		if len(r.slab) == 0 {
			r.slab = make([]pageRow, moreRows)
		}
		row := rowReader{r, &r.slab[0]}
		r.slab = r.slab[1:]
		r.members(1, row.log)
		r.page.Data = append(r.page.Data, &row.pageRow.log)
	}
}

type rowReader struct {
	*pageReader
	*pageRow
}

func (r rowReader) log(name string) uint32 {
	log := &r.pageRow.log
	switch name {
	case "id":
		log.ID = r.uuid()
		return 1 << 0
	case "workflow_run":
		if !r.null() {
			log.WorkflowRun = &r.pageRow.run
			r.members(2, r.run)
		}
		return 1 << 1
	case "details":
		r.details()
		return 1 << 2
	case "created_from":
		log.CreatedFrom = r.text()
		return 1 << 3
	case "created_by_role":
		log.CreatedByRole = r.text()
		return 1 << 4
	case "created_by_account":
		if !r.null() {
			log.CreatedByAccount = &r.pageRow.account
			r.members(2, r.account)
		}
		return 1 << 5
	case "created_by_end_user":
		if !r.null() {
			log.CreatedByEndUser = &r.pageRow.endUser
			r.members(2, r.endUser)
		}
		return 1 << 6
	case "created_at":
		log.CreatedAt = r.time()
		return 1 << 7
	default:
		return 0
	}
}

func (r rowReader) run(name string) uint32 { //nolint:cyclop,funlen // A case for each member.
	run := &r.pageRow.run
	switch name {
	case "id":
		run.ID = r.uuid()
		return 1 << 0
	case "version":
		run.Version = r.optional(&r.version)
		return 1 << 1
	case "status":
		run.Status = RunStatus(r.text())
		return 1 << 2
	case "triggered_from":
		run.TriggeredFrom = r.optional(&r.trigger)
		return 1 << 3
	case "error":
		run.Error = r.optional(&r.failure)
		return 1 << 4
	case "elapsed_time":
		if !r.null() {
			r.elapsed, run.ElapsedTime = r.float(), &r.elapsed
		}
		return 1 << 5
	case "total_tokens":
		if !r.null() {
			r.tokens, run.TotalTokens = r.natural(), &r.tokens
		}
		return 1 << 6
	case "total_steps":
		if !r.null() {
			r.steps, run.TotalSteps = int(r.natural()), &r.steps
		}
		return 1 << 7
	case "exceptions_count":
		if !r.null() {
			r.exceptions, run.ExceptionsCount = int(r.natural()), &r.exceptions
		}
		return 1 << 8
	case "created_at":
		if !r.null() {
			r.created, run.CreatedAt = r.time(), &r.created
		}
		return 1 << 9
	case "finished_at":
		if !r.null() {
			r.finished, run.FinishedAt = r.time(), &r.finished
		}
		return 1 << 10
	default:
		return 0
	}
}

func (r rowReader) account(name string) uint32 {
	account := &r.pageRow.account
	switch name {
	case "id":
		account.ID = r.uuid()
		return 1 << 0
	case "name":
		account.Name = r.optional(&r.name)
		return 1 << 1
	case "email":
		account.Email = r.optional(&r.email)
		return 1 << 2
	default:
		return 0
	}
}

func (r rowReader) endUser(name string) uint32 {
	user := &r.pageRow.endUser
	switch name {
	case "id":
		user.ID = r.uuid()
		return 1 << 0
	case "type":
		user.Type = r.text()
		return 1 << 1
	case "is_anonymous":
		user.IsAnonymous = r.bool()
		return 1 << 2
	case "session_id":
		user.SessionID = r.optional(&r.session)
		return 1 << 3
	default:
		return 0
	}
}

// text is empty where it is null.
func (r *pageReader) text() string {
	if r.null() {
		return ""
	}
	return r.string()
}

// optional is nil where it is null, else in its place.
func (r *pageReader) optional(place *string) *string {
	if r.null() {
		return nil
	}
	*place = r.string()
	return place
}

// bool is false where it is null.
func (r *pageReader) bool() bool {
	on := r.skips("true")
	if !on && !r.skips("false") && !r.null() {
		r.giveUp()
	}
	return on
}

// uuid is zero where it is null.
func (r *pageReader) uuid() (id uuid.UUID) {
	if r.null() {
		return id
	}
	const digits = 36
	text := r.string()
	id, err := uuid.Parse(text)
	if err != nil || len(text) != digits {
		r.giveUp()
	}
	return id
}

// time is zero where it is null.
func (r *pageReader) time() (t time.Time) {
	if r.null() {
		return t
	}
	seconds := r.natural()
	if seconds > lastSecond {
		r.giveUp()
	}
	return time.Unix(seconds, 0).UTC()
}

func (r *pageReader) float() float64 {
	digits, _ := r.number()
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		r.giveUp()
	}
	return f
}

// details are kept without blanks.
func (r rowReader) details() {
	if r.null() {
		return
	}
	r.peek()
	from := r.at
	if r.skip(2); r.odd {
		return
	}
	details := jsontext.Value(bytes.Clone(r.body[from:r.at]))
	if details.Format(variablesSyntax) != nil {
		r.giveUp()
	}
	r.pageRow.log.Details = details
}
