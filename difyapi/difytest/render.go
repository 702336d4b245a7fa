package difytest

import (
	"strconv"
	"time"

	"github.com/google/uuid"
)

// listBody writes a page of the list as the release does, with Python's spaces
// and in Dify's order of fields. It is written by hand because the upstream of
// a benchmark should not be what the benchmark measures.
func (s *Server) listBody(params listParams, total int, rows []Row) []byte {
	const usual = 640 // bytes of a row
	w := s.newWriter(128 + usual*len(rows))
	w.raw(`{"page": `).int(int64(params.page))
	w.raw(`, "limit": `).int(int64(params.limit))
	w.raw(`, "total": `).int(int64(total))
	w.raw(`, "has_more": `).bool(total > params.page*params.limit)
	w.raw(`, "data": [`)
	for i := range rows {
		if i > 0 {
			w.raw(`, `)
		}
		w.row(&rows[i])
	}
	w.raw(`]}`)
	return w.buf
}

// jsonWriter appends JSON as a release writes it.
type jsonWriter struct {
	version release
	zone    *time.Location
	buf     []byte
}

func (w *jsonWriter) row(row *Row) {
	w.raw(`{"id": `).uuid(row.ID)
	w.raw(`, "workflow_run": `).run(row.Run)
	if w.version.has(triggersAdded) {
		w.raw(`, "details": null`)
	}
	w.raw(`, "created_from": `).text(row.CreatedFrom)
	w.raw(`, "created_by_role": `).text(row.CreatedByRole)
	w.raw(`, "created_by_account": `).account(row.Account)
	w.raw(`, "created_by_end_user": `).endUser(row.EndUser)
	w.raw(`, "created_at": `).time(row.CreatedAt)
	w.raw(`}`)
}

func (w *jsonWriter) run(run *Run) {
	if run == nil {
		w.raw(`null`)
		return
	}
	w.raw(`{"id": `).uuid(run.ID)
	w.raw(`, "version": `).text(run.Version)
	w.raw(`, "status": `).text(run.Status)
	if w.version.has(triggersAdded) {
		w.raw(`, "triggered_from": `).text(run.TriggeredFrom)
	}
	w.raw(`, "error": `)
	w.buf = appendNullable(w.buf, run.Error)
	w.raw(`, "elapsed_time": `)
	w.buf = appendFloat(w.buf, run.ElapsedTime)
	w.raw(`, "total_tokens": `).int(run.TotalTokens)
	w.raw(`, "total_steps": `).int(int64(run.TotalSteps))
	w.raw(`, "created_at": `).time(run.CreatedAt)
	w.raw(`, "finished_at": `).time(run.FinishedAt)
	if w.version.has(exceptionsCountAdded) {
		w.raw(`, "exceptions_count": `).int(int64(run.ExceptionsCount))
	}
	w.raw(`}`)
}

func (w *jsonWriter) account(account *Account) {
	if account == nil {
		w.raw(`null`)
		return
	}
	w.raw(`{"id": `).uuid(account.ID)
	w.raw(`, "name": `).text(account.Name)
	w.raw(`, "email": `).text(account.Email)
	w.raw(`}`)
}

// endUser writes is_anonymous as false whatever the profile says: the list
// reads a property of the model there, not the column.
func (w *jsonWriter) endUser(user *EndUser) {
	if user == nil {
		w.raw(`null`)
		return
	}
	w.raw(`{"id": `).uuid(user.ID)
	w.raw(`, "type": `).text(w.endUserType(user.Type))
	w.raw(`, "is_anonymous": false, "session_id": `).text(user.SessionID)
	w.raw(`}`)
}

// endUserType undoes a change of spelling for servers before it.
func (w *jsonWriter) endUserType(stored string) string {
	if stored == "service-api" && !w.version.has(triggersAdded) {
		return "service_api"
	}
	return stored
}

func (w *jsonWriter) raw(text string) *jsonWriter {
	w.buf = append(w.buf, text...)
	return w
}

func (w *jsonWriter) int(n int64)      { w.buf = strconv.AppendInt(w.buf, n, 10) }
func (w *jsonWriter) bool(b bool)      { w.buf = strconv.AppendBool(w.buf, b) }
func (w *jsonWriter) text(text string) { w.buf = appendString(w.buf, text) }

func (w *jsonWriter) uuid(id uuid.UUID) {
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, id.String()...)
	w.buf = append(w.buf, '"')
}

func (w *jsonWriter) time(t time.Time) {
	if t.IsZero() {
		w.raw(`null`)
		return
	}
	w.int(shownIn(w.zone, t).Unix())
}

// shownIn is the time that a process in a zone makes of a time without one: it
// takes UTC's numbers for those of its own clock. As Python's timestamp() it
// takes an hour that comes twice for the first of the two, and one that clocks
// skip by the offset before.
func shownIn(zone *time.Location, t time.Time) time.Time {
	if zone == time.UTC {
		return t
	}
	offset := func(t time.Time) time.Duration {
		_, seconds := t.In(zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	before := offset(t.Add(-24 * time.Hour))
	if after := offset(t.Add(-before)); offset(t.Add(-after)) == after {
		return t.Add(-after)
	}
	return t.Add(-before)
}

func appendNullable(dst []byte, text *string) []byte {
	if text == nil {
		return append(dst, "null"...)
	}
	return appendString(dst, *text)
}
